"""NumPy's side of `pair counting`:  pair_counting.py STRENGTHS INPUTS CONCEPTS COUNTS

Counts, for all pairs of concepts, the inputs where one is stronger than the other, by broadcasting. Several
block sizes and a column-at-a-time variant are tried; the fastest is timed again and reported.
"""
import json
import resource
import sys
import time

import numpy as np

path, inputs, concepts, counts_path = sys.argv[1:]
inputs, concepts = int(inputs), int(concepts)
strengths = np.fromfile(path, dtype=np.float32).reshape(inputs, concepts)


def blocks(size):
    def count(part):
        counts = np.zeros((concepts, concepts), np.uint32)
        for start in range(0, len(part), size):
            block = part[start : start + size]
            counts += (block[:, :, None] > block[:, None, :]).sum(0, dtype=np.uint32)
        return counts

    return count


def columns(part):
    by_concept = np.ascontiguousarray(part.T)
    return np.stack([np.count_nonzero(row > by_concept, axis=1) for row in by_concept]).astype(np.uint32)


def timed(count):
    start = time.perf_counter()
    result = count(strengths)
    return time.perf_counter() - start, result


methods = {"broadcast, 1 input a block": blocks(1), "broadcast, 16 inputs a block": blocks(16)}
methods["broadcast, 64 inputs a block"] = blocks(64)
methods["one concept against all"] = columns
first = {name: timed(count)[0] for name, count in methods.items()}
method = min(first, key=first.get)
seconds, counts = min((timed(methods[method]) for _ in range(3)), key=lambda pair: pair[0])
seconds = min(seconds, first[method])
counts.astype(np.uint32).tofile(counts_path)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "peakMiB": peak, "method": method, "numpy": np.__version__}))
