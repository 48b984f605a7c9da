"""NumPy's side of `single-input check`:  single_input_check.py CORRECT INCORRECT STRENGTHS CONCEPTS

Scores inputs by cosine(H, incorrect) - cosine(H, correct) from float64 reference means. The fastest of three
ways to write it is reported, with its scores.
"""
import json
import sys
import time

import numpy as np

correct, incorrect, strengths, concepts = sys.argv[1:]
concepts = int(concepts)
correct = np.fromfile(correct).reshape(concepts, concepts)
incorrect = np.fromfile(incorrect).reshape(concepts, concepts)
strengths = np.fromfile(strengths, dtype=np.float32).reshape(-1, concepts)
difference = incorrect / np.linalg.norm(incorrect) - correct / np.linalg.norm(correct)
flat = difference.ravel()


def masked(s):
    h = s[:, None] > s
    return difference[h].sum() / np.sqrt(np.count_nonzero(h))


def dotted(s):
    h = s[:, None] > s
    return flat @ h.ravel() / np.sqrt(np.count_nonzero(h))


def summed(s):
    h = s[:, None] > s
    return np.sum(difference, where=h) / np.sqrt(np.count_nonzero(h))


def seconds_per_input(score):
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        for s in strengths:
            score(s)
        best = min(best, (time.perf_counter() - start) / len(strengths))
    return best


timings = {score.__name__: seconds_per_input(score) for score in (masked, dotted, summed)}
method = min(timings, key=timings.get)
scores = [float(masked(s)) for s in strengths]
print(json.dumps({"seconds": timings[method], "method": method, "scores": scores, "numpy": np.__version__}))
