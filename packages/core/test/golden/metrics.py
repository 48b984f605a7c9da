"""Golden values of the detection metrics, from scikit-learn. Run: /usr/bin/python3 metrics.py > metrics.json"""

import json
import math

import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

random = np.random.default_rng(7)


def delong(first, second, labels):
    """DeLong et al. (1988) by its definition: every pair of a defect and a sound input."""

    def components(scores):
        pairs = (scores[labels == 1][:, None] > scores[labels == 0][None, :]) + 0.5 * (
            scores[labels == 1][:, None] == scores[labels == 0][None, :]
        )
        return pairs.mean(1), pairs.mean(0)

    (d1, s1), (d2, s2) = components(first), components(second)
    covariance = np.cov(d1, d2) / len(d1) + np.cov(s1, s2) / len(s1)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    z = (d1.mean() - d2.mean()) / math.sqrt(variance)
    return {
        "standardErrors": [math.sqrt(covariance[0, 0]), math.sqrt(covariance[1, 1])],
        "z": z,
        "pValue": float(2 * norm.sf(abs(z))),
    }


def aurc(scores, labels, draws):
    """Mean over many random orders of the ties."""
    total = 0.0
    for _ in range(draws):
        order = np.lexsort((random.random(len(scores)), scores))
        errors = np.cumsum(labels[order])
        total += np.mean(errors / np.arange(1, len(scores) + 1))
    return total / draws


def case(scores, labels, draws):
    scores, labels = np.asarray(scores, float), np.asarray(labels)
    fpr, tpr, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    second = np.round(scores + random.normal(0, 1, len(scores)), 1)
    return {
        "scores": scores.tolist(),
        "defects": labels.tolist(),
        "auroc": roc_auc_score(labels, scores),
        "auprOut": average_precision_score(labels, scores),
        "auprIn": average_precision_score(1 - labels, -scores),
        "fpr95": fpr[np.argmax(tpr >= 0.95)],
        "aurc": aurc(scores, labels, draws),
        "aurcTolerance": 1e-12 if draws == 1 else 2e-3,
        "roc": {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": thresholds[1:].tolist()},
        "second": second.tolist(),
        "delong": delong(scores, second, labels),
    }


labels = (random.random(200) < 0.3).astype(int)
continuous = labels + random.normal(0, 1, 200)
tied = np.round(labels * 0.8 + random.normal(0, 0.7, 200))
few = np.array([0, 1, 0, 1, 0, 0, 1, 0])
print(
    json.dumps(
        {
            "continuous": case(continuous, labels, 1),
            "tied": case(tied, labels, 20000),
            "small": case([3, 3, 1, 2, 2, 2, 5, 4], few, 20000),
        }
    )
)
