"""Golden heatmaps and a differential, from NumPy, SciPy and statsmodels. Run: /usr/bin/python3 heatmap.py > heatmap.json"""

import json

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

random = np.random.default_rng(3)
inputs, concepts, classes = 120, 6, 3
labels = random.integers(0, classes, inputs)
predictions = np.where(random.uniform(size=inputs) < 0.3, random.integers(0, classes, inputs), labels)
# A coarse grid, so that there are ties.
centres = np.eye(classes, concepts)[labels] * 4 + np.array([0, 0, 0, 0, 6, 14])
centres[labels != predictions, 4] -= 6
strengths = np.round(random.normal(0, 1, (inputs, concepts)) * 4 + centres) / 8
strengths = strengths.astype(np.float32)
predicates = strengths[:, :, None] > strengths[:, None, :]


def counts(rows):
    return predicates[rows].sum(0)


correct = labels == predictions
first, second = counts(correct), counts(~correct)
n1, n2 = int(correct.sum()), int((~correct).sum())
p = np.full((concepts, concepts), np.nan)
for i in range(concepts):
    for j in range(concepts):
        s = first[i, j] + second[i, j]
        if i == j or min(s, n1 + n2 - s) < 5:
            continue
        table = [[first[i, j], n1 - first[i, j]], [second[i, j], n2 - second[i, j]]]
        if stats.contingency.expected_freq(table).min() < 5:
            p[i, j] = stats.fisher_exact(table)[1]
        else:
            p[i, j] = proportions_ztest([first[i, j], second[i, j]], [n1, n2])[1]
tested = ~np.isnan(p)
q = p.copy()
q[tested] = multipletests(p[tested], method="fdr_bh")[1]
means = counts(slice(None)) / inputs


def numbers(array):
    return [None if np.isnan(x) else float(x) for x in np.asarray(array, float).ravel()]


print(
    json.dumps(
        dict(
            strengths=strengths.astype(float).tolist(),
            labels=labels.tolist(),
            predictions=predictions.tolist(),
            counts=numbers(counts(slice(None))),
            ground_truth=[numbers(counts(labels == k)) for k in range(classes)],
            output_label=[numbers(counts(predictions == k)) for k in range(classes)],
            win_rates=numbers(means.sum(1) / (concepts - 1)),
            binarised=numbers(means > 0.5),
            differences=numbers(first / n1 - second / n2),
            p=numbers(p),
            q=numbers(q),
        )
    )
)
