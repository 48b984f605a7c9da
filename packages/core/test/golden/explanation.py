"""Golden values of the explanations, from NumPy and SciPy. Run: /usr/bin/python3 explanation.py > explanation.json"""

import json

import numpy as np
from scipy.stats import mannwhitneyu

random = np.random.default_rng(23)


def rounded(values):
    return np.asarray(values, dtype=np.float32).astype(np.float64)


vlm = rounded(random.normal(0.2, 0.03, (40, 3)))
aligned = rounded(0.5 * vlm + 0.1 + random.normal(0, 0.004, (40, 3)))
aligned[32:, 1] -= 0.03
aligned = rounded(aligned)
reference, faulty = slice(0, 30), slice(32, 40)


def standard(values):
    return (values - values[reference].mean(0)) / values[reference].std(0, ddof=1)


difference = standard(aligned) - standard(vlm)
tests = [mannwhitneyu(difference[faulty, c], difference[reference, c], method="asymptotic") for c in range(3)]
p = [float(test.pvalue) for test in tests]
sample_pairs = [
    ([1, 2, 2, 3, 5], [2, 4, 4, 6, 7, 8]),
    ([1, 1, 1], [1, 1]),
    ([3, 4], [1, 2]),
    ([5.5], [1, 2, 3, 4, 5, 6, 7]),
]

d, m, classes, concepts = 5, 9, 3, 6
a = rounded(random.normal(0, 1, (m, d)) * np.array([3, 1, 1, 0.5, 1e-4]))
head = rounded(random.normal(0, 1, (classes, d)))
t = rounded(random.normal(0, 1, (concepts, m)))
texts = rounded(random.normal(0, 1, (classes, m)))
weights = head @ np.linalg.pinv(a, rcond=0.01) @ t.T
full = head @ np.linalg.pinv(a, rcond=0) @ t.T
unit = lambda v: v / np.linalg.norm(v, axis=1, keepdims=True)
expected = unit(texts) @ unit(t).T


def finite(value):
    return None if np.isnan(value) else float(value)


def scaled(values):
    return (values - values.mean()) / values.std()


print(
    json.dumps(
        {
            "aligned": aligned.tolist(),
            "vlm": vlm.tolist(),
            "shift": difference[faulty].mean(0).tolist(),
            "pValue": p,
            "mannWhitney": [
                {"first": f, "second": s, "pValue": finite(mannwhitneyu(f, s, method="asymptotic").pvalue)}
                for f, s in sample_pairs
            ],
            "a": a.tolist(),
            "head": head.tolist(),
            "concepts": t.tolist(),
            "classes": texts.tolist(),
            "weights": weights.ravel().tolist(),
            "weightsWithoutCutoff": full.ravel().tolist(),
            "expected": expected.ravel().tolist(),
            "pair": (scaled(weights[2] - weights[0]) - scaled(expected[2] - expected[0])).tolist(),
        }
    )
)
