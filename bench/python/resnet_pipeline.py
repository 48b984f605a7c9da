"""The Python side of `pipeline`:  resnet_pipeline.py ENCODER.onnx HEAD.onnx FOLDER EMBEDDINGS LOGITS THREADS

What a team would write: the pictures of a folder (in order of their paths) are decoded with PIL, normalised and run
through the same ResNet in PyTorch (weights read out of the ONNX file), in batches. Batch sizes are tried on some of the
pictures; images a second over all of them at the fastest are reported. Writes the embeddings (N×64) and logits (N×10), float32, for comparison.
"""
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image, __version__ as pil_version

encoder_path, head_path, folder, embeddings_path, logits_path, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def weights(path):
    graph = onnx.load(path).graph
    arrays = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    return [[arrays[name] for name in node.input[1:]] for node in graph.node if node.op_type in ("Conv", "Gemm")]


convolutions = weights(encoder_path)
[(head_weight, head_bias)] = weights(head_path)
if head_weight.shape[0] != head_bias.shape[0]:
    head_weight = head_weight.T


def encode(x):
    """A CIFAR ResNet (He et al. 2016, section 4.2) with folded batch norms and parameter-free shortcuts."""
    x = F.relu(F.conv2d(x, *convolutions[0], padding=1))
    for first, second in zip(convolutions[1::2], convolutions[2::2]):
        stride = 2 if first[0].shape[0] != first[0].shape[1] else 1
        y = F.relu(F.conv2d(x, *first, stride=stride, padding=1))
        y = F.conv2d(y, *second, padding=1)
        if stride == 2:
            widths = first[0].shape[0] // 4
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, widths, widths))
        x = F.relu(y + x)
    return x.mean((2, 3))


def decode(path):
    pixels = np.asarray(Image.open(path).convert("RGB"), np.float32) / np.float32(255)
    return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)


paths = sorted(Path(folder).rglob("*.jpg"), key=lambda path: os.fspath(path.with_suffix("")))


@torch.no_grad()
def run(batch, chosen):
    embeddings, logits = [], []
    start = time.perf_counter()
    for first in range(0, len(chosen), batch):
        images = torch.from_numpy(np.stack([decode(path) for path in chosen[first : first + batch]]))
        embedding = encode(images)
        embeddings.append(embedding.numpy())
        logits.append((embedding @ head_weight.T + head_bias).numpy())
    return time.perf_counter() - start, np.concatenate(embeddings), np.concatenate(logits)


trial = paths[:1024]
run(32, trial)
batch = min((16, 32, 64, 128), key=lambda size: run(size, trial)[0])
seconds, embeddings, logits = run(batch, paths)
embeddings.astype(np.float32).tofile(embeddings_path)
logits.astype(np.float32).tofile(logits_path)
print(
    json.dumps(
        {
            "imagesPerSecond": len(paths) / seconds,
            "images": len(paths),
            "batch": batch,
            "versions": {"torch": torch.__version__, "pil": pil_version, "numpy": np.__version__},
        }
    )
)
