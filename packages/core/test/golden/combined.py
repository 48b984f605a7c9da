"""Golden values of logistic regression, from scikit-learn. Run: /usr/bin/python3 combined.py > combined.json"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(31)
labels = (random.random(150) < 0.35).astype(int)
x = np.stack([labels + random.normal(0, 1, 150), 0.5 * labels + random.normal(0, 1, 150), random.normal(0, 1, 150)], 1)
fits = []
for penalty in [0.01, 1.0, 100.0]:
    model = LogisticRegression(C=1 / penalty, solver="newton-cg", tol=1e-9, max_iter=10000).fit(x, labels)
    fits.append(
        {"penalty": penalty, "weights": model.coef_[0].tolist(), "intercept": float(model.intercept_[0])}
    )
print(json.dumps({"x": x.T.tolist(), "labels": labels.tolist(), "fits": fits}))
