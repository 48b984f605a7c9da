"""NumPy's side of `alignment fit`:  alignment.py X Y INPUTS WIDTH WEIGHTS

Fits the affine map by numpy.linalg.lstsq (LAPACK gelsd) on a design with a column of ones, in float64 and in
float32, and by the normal equations in float64. Writes the float64 weights (m×d) and bias (m) to WEIGHTS.
"""
import json
import re
import resource
import sys
import time

import numpy as np

x_path, y_path, inputs, width, weights_path = sys.argv[1:]
inputs, width = int(inputs), int(width)
x = np.fromfile(x_path, dtype=np.float32).reshape(inputs, width)
y = np.fromfile(y_path, dtype=np.float32).reshape(inputs, width)


def timed(fit, dtype):
    ones = np.ones((inputs, 1), dtype)
    design, target = np.hstack([x.astype(dtype), ones]), y.astype(dtype)
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        solution = fit(design, target)
        best = min(best, time.perf_counter() - start)
    return best, solution


def least_squares(design, target):
    return np.linalg.lstsq(design, target, rcond=None)[0]


def normal_equations(design, target):
    return np.linalg.solve(design.T @ design, design.T @ target)


seconds, solution = timed(least_squares, np.float64)
np.concatenate([solution[:-1].T.ravel(), solution[-1]]).astype(np.float64).tofile(weights_path)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
single, _ = timed(least_squares, np.float32)
normal, _ = timed(normal_equations, np.float64)
blas = sorted(set(re.findall(r"lib(?:openblas|blas|mkl|blis)[^/\s]*\.so[^\s]*", open("/proc/self/maps").read())))
print(
    json.dumps(
        {
            "float64": seconds,
            "float32": single,
            "normalEquations": normal,
            "peakMiB": peak,
            "numpy": f"{np.__version__} ({', '.join(blas)})",
        }
    )
)
