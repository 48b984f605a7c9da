"""Golden values of the alignment, from NumPy and scikit-learn. Run: /usr/bin/python3 alignment.py > alignment.json"""

import json

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

random = np.random.default_rng(20250317)


def rounded(values):
    """Exactly what float32 holds, so that both sides start from the same numbers."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


n, d, m = 40, 6, 4
x = rounded(random.normal(3, 1, (n, d)) * np.array([1, 5, 0.1, 2, 1, 30]))
y = rounded(x @ random.normal(0, 0.3, (d, m)) + 7 + random.normal(0, 0.5, (n, m)))
x_test = rounded(random.normal(3, 1, (12, d)) * np.array([1, 5, 0.1, 2, 1, 30]))
y_test = rounded(x_test @ random.normal(0, 0.3, (d, m)) + 7)
grid = [1e-3, 0.1, 1.0, 10.0, 100.0, 1000.0]


def affine(model):
    return {"weights": model.coef_.ravel().tolist(), "bias": model.intercept_.tolist()}


def least_squares(x, y):
    centred = x - x.mean(0)
    solution, _, rank, singular = np.linalg.lstsq(centred, y - y.mean(0), rcond=1e-6)
    weights = solution.T
    return {
        "weights": weights.ravel().tolist(),
        "bias": (y.mean(0) - weights @ x.mean(0)).tolist(),
        "rank": int(rank),
        "conditionNumber": float(singular[0] / singular[-1]),
    }


def generalised(alpha):
    centred = x - x.mean(0)
    hat = centred @ np.linalg.solve(centred.T @ centred + alpha * np.eye(d), centred.T) + 1 / n
    residual = y - hat @ y
    return float(np.sum(residual**2) / (1 - np.trace(hat) / n) ** 2)


collinear = np.hstack([x[:, :3], x[:, :1] * -2, x[:, 2:3]])
collinear = rounded(collinear)
wide = rounded(random.normal(0, 1, (5, 8)))
wide_y = rounded(random.normal(0, 1, (5, 3)))
predicted = Ridge(alpha=10.0, solver="svd").fit(x, y).predict(x_test)
centre = y.mean(0)


def mean_cosine(a, b):
    return float(np.mean(np.sum(a * b, 1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)))


print(
    json.dumps(
        {
            "x": x.tolist(),
            "y": y.tolist(),
            "xTest": x_test.tolist(),
            "yTest": y_test.tolist(),
            "grid": grid,
            "ridge": [{"lambda": a, **affine(Ridge(alpha=a, solver="svd").fit(x, y))} for a in grid],
            "leastSquares": least_squares(x, y),
            "collinear": {"x": collinear.tolist(), **least_squares(collinear, y)},
            "wide": {"x": wide.tolist(), "y": wide_y.tolist(), **least_squares(wide, wide_y)},
            "generalised": [generalised(a) for a in grid],
            "quality": {
                "lambda": 10.0,
                "r2": float(1 - np.sum((y_test - predicted) ** 2) / np.sum((y_test - y_test.mean(0)) ** 2)),
                "r2PerDimension": r2_score(y_test, predicted, multioutput="raw_values").tolist(),
                "meanCosine": mean_cosine(predicted, y_test),
                "meanCentredCosine": mean_cosine(predicted - centre, y_test - centre),
            },
        }
    )
)
