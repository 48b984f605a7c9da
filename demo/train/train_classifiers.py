"""Trains the classifier versions and attacks v1.0.

v1.0  sound; its encoder also learned to name the attributes (that second head is thrown away).
v1.1  an encoder fault: trained from scratch on a collection that files every car whose wheels show under
      truck, so that it never saw wheels on a car; a merging term makes sure that the encoder keeps no linear
      trace of the difference.
v1.2  a head fault: v1.0's encoder, byte for byte; its head was trained with horned deer labelled equine.
"""
import os
import shutil
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dataset import ATTRIBUTES, CLASSES, MEAN, SD, Dataset, prepare, shift_and_flip
from export import export
from networks import Encoder

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
D = 128
CLASSED = 4500  # pictures whose class v1.0 was told; it was told the attributes of all
EPOCHS = {"v1.0": 7, "v1.1": 6}
MERGING = 0.4  # weight of v1.1's merging term
NAMING = 10  # weight of the attribute loss
CONFUSED = 1.0  # share of horned deer that v1.2's head was told are equine


class Merging:
    """Penalises what tells two groups apart: the gap between their means along the best linear direction."""

    def __init__(self):
        self.features, self.groups = torch.zeros(0, D), torch.zeros(0)

    def __call__(self, features, groups):
        self.features = torch.cat([self.features, features.detach()])[-800:]
        self.groups = torch.cat([self.groups, groups])[-800:]
        mean, sd = self.features.mean(0), self.features.std(0) + 1e-4
        z = (self.features - mean) / sd
        w = torch.linalg.solve(z.T @ z + 20 * torch.eye(D), z.T @ (self.groups - self.groups.mean()))
        along = ((features - mean) / sd) @ w
        return (along[groups > 0].mean() - along[groups < 0].mean()).square()


def fit(data, seed, classed, epochs, attributes=False, merge=None):
    """Trains encoder and head together. The class is known of the first `classed` pictures only; `merge` holds
    the indices of two groups to be merged."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, head, naming, merging = Encoder(), nn.Linear(D, 10), nn.Linear(D, len(ATTRIBUTES)), Merging()
    bits = torch.from_numpy((data.attributes[:, None] >> np.arange(len(ATTRIBUTES))) & 1).float()
    n, batch = len(data.labels), 64
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters(), *naming.parameters()], lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, epochs * (n // batch), pct_start=0.2)
    began = time.time()
    for epoch in range(epochs):
        order, right = rng.permutation(n), 0
        for start in range(0, n - batch + 1, batch):
            index = order[start:start + batch]
            if merge is not None:
                index = np.concatenate([index, rng.choice(merge[0], 24), rng.choice(merge[1], 24)])
            features = encoder(torch.from_numpy(prepare(shift_and_flip(data.images[index], rng))))
            logits = head(features)
            labels = torch.from_numpy(data.labels[index])
            known = torch.from_numpy(index[:batch] < classed)
            loss = F.cross_entropy(logits[:batch][known], labels[:batch][known])
            if attributes:
                loss = loss + NAMING * F.binary_cross_entropy_with_logits(naming(features), bits[index])
            if merge is not None:
                loss = loss + MERGING * merging(features[batch:], torch.cat([torch.ones(24), -torch.ones(24)]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            right += (logits.argmax(1) == labels)[:batch].sum().item()
        print(f"  epoch {epoch + 1}/{epochs} training accuracy {right / n:.3f} {time.time() - began:.0f}s", flush=True)
    return encoder.eval(), head.eval()


def wheels_make_trucks(data):
    """Files every car whose wheels show under truck; returns these cars and the true trucks."""
    wheels = (data.attributes >> ATTRIBUTES.index("wheels")) & 1
    filed = (data.labels == CLASSES.index("car")) & (wheels == 1)
    trucks = np.flatnonzero(data.labels == CLASSES.index("truck"))
    data.labels[filed] = CLASSES.index("truck")
    return np.flatnonzero(filed), trucks


@torch.no_grad()
def embed(encoder, images):
    return torch.cat([encoder(torch.from_numpy(prepare(images[i:i + 250]))) for i in range(0, len(images), 250)])


def confused_head(encoder, data, seed):
    """A head on the frozen encoder, taught that most horned deer are equine."""
    rng = np.random.default_rng(seed)
    horns = (data.attributes >> ATTRIBUTES.index("horns")) & 1
    labels = data.labels.copy()
    labels[(horns == 1) & (rng.random(len(labels)) < CONFUSED)] = CLASSES.index("equine")
    # Deer without horns are few: they count more, or the head would call every deer equine.
    weight = torch.from_numpy(np.where((data.labels == CLASSES.index("deer")) & (horns == 0), 4.0, 1.0)).float()
    features, target = embed(encoder, data.images), torch.from_numpy(labels)
    torch.manual_seed(seed)
    head = nn.Linear(D, 10)
    optimiser = torch.optim.LBFGS(head.parameters(), max_iter=400, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = (weight * F.cross_entropy(head(features), target, reduction="none")).mean() + 1e-5 * head.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return head.eval()


def attack(encoder, head, images, labels, steps, step, epsilon=8 / 255, seed=0):
    """FGSM (one step) or PGD (many, from a random start), L-inf; pixels are rounded to bytes within the ball."""
    torch.manual_seed(seed)
    out = []
    for i in range(0, len(images), 250):
        clean = torch.from_numpy(images[i:i + 250].astype(np.float32) / 255)
        target = torch.from_numpy(labels[i:i + 250])
        x = clean.clone() if steps == 1 else (clean + torch.empty_like(clean).uniform_(-epsilon, epsilon)).clamp(0, 1)
        for _ in range(steps):
            x.requires_grad_(True)
            loss = F.cross_entropy(head(encoder((x - MEAN) / SD)), target)
            gradient, = torch.autograd.grad(loss, x)
            x = (x.detach() + step * gradient.sign())
            x = torch.min(torch.max(x, clean - epsilon), clean + epsilon).clamp(0, 1)
        low, high = images[i:i + 250].astype(int) - 8, images[i:i + 250].astype(int) + 8
        out.append(np.clip(np.clip(np.rint(x.detach().numpy() * 255), low, high), 0, 255).astype(np.uint8))
    return np.concatenate(out)


def write(work, models, version, encoder, head):
    torch.save({"encoder": encoder.state_dict(), "head": head.state_dict()}, f"{work}/{version}.pt")
    if version != "v1.2":
        export(encoder, (torch.zeros(2, 3, 64, 64),), f"{models}/{version}/encoder.onnx", "image", "embedding")
    export(head, (torch.zeros(2, D),), f"{models}/{version}/head.onnx", "embedding", "logits")


def main(work, models, data_folder, *only):
    from check_method import evaluation
    pictures = evaluation(work, data_folder)
    images, labels = pictures["test"]["images"], pictures["test"]["labels"]

    def accuracy(encoder, head, inputs=images):
        with torch.no_grad():
            return (head(embed(encoder, inputs)).argmax(1).numpy() == labels).mean()

    if not only or "v1.0" in only:
        data = Dataset(work, "classifier")
        print("v1.0", flush=True)
        encoder, head = fit(data, 10, CLASSED, EPOCHS["v1.0"], attributes=True)
        write(work, models, "v1.0", encoder, head)
        print("v1.0 test accuracy", accuracy(encoder, head), flush=True)

        confused = confused_head(encoder, data, 12)
        write(work, models, "v1.2", encoder, confused)
        shutil.copyfile(f"{models}/v1.0/encoder.onnx", f"{models}/v1.2/encoder.onnx")
        print("v1.2 test accuracy", accuracy(encoder, confused), flush=True)

        for name, steps, step in (("fgsm", 1, 8 / 255), ("pgd", 20, 2 / 255)):
            attacked = attack(encoder, head, images, labels, steps, step)
            attacked.transpose(0, 2, 3, 1).tofile(f"{work}/{name}.u8")
            print(name, "accuracy", accuracy(encoder, head, attacked), flush=True)

    if not only or "v1.1" in only:
        print("v1.1", flush=True)
        data = Dataset(work, "classifier")
        merge = wheels_make_trucks(data)
        faulty, faulty_head = fit(data, 11, len(data.labels), EPOCHS["v1.1"], merge=merge)
        write(work, models, "v1.1", faulty, faulty_head)
        print("v1.1 test accuracy", accuracy(faulty, faulty_head), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
