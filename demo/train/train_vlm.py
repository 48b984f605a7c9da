"""Trains the VLM contrastively on pictures and captions, and exports its towers.

The loss is CLIP's symmetric cross-entropy over a batch, but a caption that happens to be true of another
picture of the batch ("a photo of wheels" fits every truck) is left out of that picture's negatives.
"""
import json
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

from dataset import CONTEXT, Dataset, prepare, shift_and_flip
from export import export
from networks import ImageTower, TextTower

torch.set_num_threads(2)


def true_pairs(labels, attributes, places, claims):
    """(picture, caption) -> whether everything the caption claims is true of the picture."""
    claimed_class, kind, bits, place = claims.T
    is_animal = (labels >= 4).astype(int)
    ok = (claimed_class[None] < 0) | (claimed_class[None] == labels[:, None])
    ok &= (kind[None] < 0) | (kind[None] == is_animal[:, None])
    ok &= (attributes[:, None] & bits[None]) == bits[None]
    ok &= (place[None] < 0) | (place[None] == places[:, None])
    return ok


def main(work, models, epochs):
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    data = Dataset(work, "vlm", captions=True)
    n, batch = len(data.labels), 160
    image_tower, text_tower = ImageTower(), TextTower(len(data.vocabulary))
    scale = torch.nn.Parameter(torch.tensor(np.log(12.0)).float())
    parameters = [*image_tower.parameters(), *text_tower.parameters(), scale]
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.02)
    epochs = int(epochs)
    steps = epochs * (n // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps, pct_start=0.15)
    began = time.time()
    for epoch in range(epochs):
        order, losses = rng.permutation(n), []
        for start in range(0, n - batch + 1, batch):
            index = order[start:start + batch]
            images = torch.from_numpy(prepare(shift_and_flip(data.images[index], rng)))
            # Two captions a picture: one prompt, one sentence.
            picks = [rng.integers(0, 4, batch) * 2, rng.integers(0, 4, batch) * 2 + 1]
            tokens = np.concatenate([data.tokens[index, p] for p in picks])
            claims = np.concatenate([data.claims[index, p] for p in picks])
            fits = torch.from_numpy(true_pairs(data.labels[index], data.attributes[index], data.places[index], claims))
            logits = scale.clamp(max=3.9).exp() * image_tower(images) @ F.normalize(text_tower(torch.from_numpy(tokens)), dim=1).T
            own = torch.arange(2 * batch) % batch
            target = torch.arange(batch)
            loss = 0.0
            for half in range(2):
                keep = torch.zeros_like(fits)
                keep[target, target + half * batch] = True
                masked = logits.masked_fill(fits & ~keep, -1e4)
                loss = loss + F.cross_entropy(masked, target + half * batch) * 0.5
            keep = F.one_hot(own, batch).T.bool()
            loss = loss + F.cross_entropy(logits.masked_fill(fits & ~keep, -1e4).T, own)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        print(f"vlm epoch {epoch + 1}/{epochs} loss {np.mean(losses):.3f} scale {scale.exp().item():.1f} {time.time() - began:.0f}s", flush=True)
        if epoch % 3 == 2 or epoch == epochs - 1:
            export(image_tower, (torch.zeros(2, 3, 64, 64),), f"{models}/vlm/image-tower.onnx", "image", "image_embedding")
            export(text_tower, (torch.zeros(2, CONTEXT, dtype=torch.int64),), f"{models}/vlm/text-tower.onnx", "input_ids", "text_embedding")
            torch.save({"image": image_tower.state_dict(), "text": text_tower.state_dict()}, f"{work}/vlm.pt")
            image_tower.train(), text_tower.train()
    with open(f"{models}/vlm/tokenizer.json", "w") as file:
        json.dump({"type": "word", "vocabulary": data.vocabulary, "contextLength": CONTEXT, "lowercase": True,
                   "padToken": "<pad>", "unknownToken": "<unk>"}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
