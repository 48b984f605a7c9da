"""ONNX export with a free batch axis."""
import os

import torch


def export(network, example, path, input_name, output_name):
    """Writes the network in evaluation mode as ONNX opset 16."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    network.eval()
    torch.onnx.export(network, example, path, opset_version=16, input_names=[input_name], output_names=[output_name],
                      dynamic_axes={input_name: {0: "batch"}, output_name: {0: "batch"}})
