"""Reads what world/generate-training.ts wrote: raw pictures, labels, attributes and captions."""
import json
import re

import numpy as np

CLASSES = ["truck", "car", "plane", "ship", "cat", "dog", "equine", "deer", "frog", "bird"]
ATTRIBUTES = ["long-snout", "wings", "wheels", "text", "horns", "floppy-ears", "ears", "colored-eyes", "tail",
              "mane", "beak", "hairy", "metallic", "rectangular", "wet", "long", "tall", "patterned"]
MEAN, SD = 0.5, 0.25
CONTEXT = 16


class Dataset:
    """Pictures (N,3,64,64 uint8), labels, attribute bits, places, and 8 captions a picture with their claims."""

    def __init__(self, folder, name, limit=None, captions=False):
        with open(f"{folder}/{name}.jsonl") as lines:
            rows = [json.loads(line) for line in lines]
        if limit is not None:
            rows = rows[:limit]
        raw = np.memmap(f"{folder}/{name}.u8", dtype=np.uint8, mode="r").reshape(-1, 64, 64, 3)
        self.images = np.ascontiguousarray(raw[: len(rows)].transpose(0, 3, 1, 2))
        self.labels = np.array([row["label"] for row in rows])
        self.attributes = np.array([row["attributes"] for row in rows])
        self.places = np.array([row["place"] for row in rows])
        if captions:
            words = json.load(open(f"{folder}/vocabulary.json"))
            self.vocabulary = {"<pad>": 0, "<unk>": 1, **{word: i + 2 for i, word in enumerate(words)}}
            self.tokens = np.stack([np.stack([tokenize(c[0], self.vocabulary) for c in row["captions"]]) for row in rows])
            self.claims = np.array([[c[1:] for c in row["captions"]] for row in rows])


def tokenize(text, vocabulary):
    """Word ids of the text, cut or padded to the context length."""
    ids = [vocabulary.get(word, 1) for word in re.split(r"[^a-z0-9]+", text.lower()) if word][:CONTEXT]
    return np.array(ids + [0] * (CONTEXT - len(ids)), dtype=np.int64)


def prepare(images):
    """uint8 NCHW -> the float input of the networks."""
    return (images.astype(np.float32) / 255.0 - MEAN) / SD


def shift_and_flip(images, rng):
    """Moves each picture by up to 4 pixels and mirrors half of them."""
    n = len(images)
    padded = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)), mode="edge")
    out = np.empty_like(images)
    dx, dy, mirror = rng.integers(0, 9, n), rng.integers(0, 9, n), rng.random(n) < 0.5
    for i in range(n):
        tile = padded[i, :, dy[i]: dy[i] + 64, dx[i]: dx[i] + 64]
        out[i] = tile[:, :, ::-1] if mirror[i] else tile
    return out
