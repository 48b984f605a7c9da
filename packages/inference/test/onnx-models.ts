import { createRequire } from "node:module";
import type { onnx as Onnx } from "onnx-proto";

// onnx-proto is CommonJS whose export names Node cannot see from an import.
export const { onnx } = createRequire(import.meta.url)("onnx-proto") as typeof import("onnx-proto");

// Small ONNX graphs with real weights, made here so that the tests need no file.

type Dimension = number | string;

export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;

export function valueInfo(name: string, elemType: number, shape?: readonly Dimension[]) {
  const dim = shape?.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, ...(dim ? { shape: { dim } } : {}) } } };
}

export function floats(name: string, dims: readonly number[], values: readonly number[]) {
  return {
    name,
    dims: [...dims],
    dataType: FLOAT,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  };
}

export function longs(name: string, values: readonly bigint[]) {
  return {
    name,
    dims: [values.length],
    dataType: INT64,
    rawData: new Uint8Array(BigInt64Array.from(values).buffer),
  };
}

type Node = Onnx.INodeProto;

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: Node["attribute"] = [],
) {
  return { opType, input: [...input], output: [...output], name: `${opType}_${output[0]}`, attribute };
}

export function modelBytes(graph: Onnx.IGraphProto): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 13 }],
    graph: { name: "test", ...graph },
  }).finish();
}

/** Repeatable weights in about [-1, 1]. */
export function weights(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 * seed));
}

/** image N×3×h×w -> Conv(3->d, 3×3) -> Relu -> mean over the plane -> Flatten: `embedding` N×d. */
export function encoderGraph(width: number, height: number, d: number): Onnx.IGraphProto {
  return {
    input: [valueInfo("image", FLOAT, ["batch", 3, height, width])],
    output: [valueInfo("embedding", FLOAT, ["batch", d])],
    initializer: [floats("kernel", [d, 3, 3, 3], weights(d * 27))],
    node: [
      node("Conv", ["image", "kernel"], ["features"]),
      node("Relu", ["features"], ["active"]),
      node("GlobalAveragePool", ["active"], ["pooled"]),
      node("Flatten", ["pooled"], ["embedding"]),
    ],
  };
}

/** `embedding` N×d -> Gemm: `logits` N×K. */
export function headGraph(d: number, classes: number): Onnx.IGraphProto {
  return {
    input: [valueInfo("embedding", FLOAT, ["batch", d])],
    output: [valueInfo("logits", FLOAT, ["batch", classes])],
    initializer: [
      floats("w", [d, classes], weights(d * classes, 2)),
      floats("b", [classes], weights(classes, 3)),
    ],
    node: [node("Gemm", ["embedding", "w", "b"], ["logits"])],
  };
}

/** Encoder and head in one graph. */
export function classifierGraph(width: number, height: number, d: number, classes: number): Onnx.IGraphProto {
  const encoder = encoderGraph(width, height, d);
  const head = headGraph(d, classes);
  return {
    input: encoder.input,
    output: head.output,
    initializer: [...(encoder.initializer ?? []), ...(head.initializer ?? [])],
    node: [...(encoder.node ?? []), ...(head.node ?? [])],
  };
}

/** Token ids N×length -> the mean of their embeddings (over `attention_mask` if asked): N×m. */
export function textTowerGraph(
  tokens: number,
  m: number,
  length: number,
  { idType = INT64, mask = false } = {},
): Onnx.IGraphProto {
  const ids = valueInfo("input_ids", idType, ["batch", length]);
  const common = {
    output: [valueInfo("text_embeds", FLOAT, ["batch", m])],
    initializer: [floats("table", [tokens, m], weights(tokens * m, 5)), longs("axes", [2n])],
  };
  const axes = [{ name: "axes", type: onnx.AttributeProto.AttributeType.INTS, ints: [1] }];
  const keep = { name: "keepdims", type: onnx.AttributeProto.AttributeType.INT, i: 0 };
  if (!mask)
    return {
      ...common,
      input: [ids],
      node: [
        node("Gather", ["table", "input_ids"], ["vectors"]),
        node("ReduceMean", ["vectors"], ["text_embeds"], [...axes, keep]),
      ],
    };
  return {
    ...common,
    input: [ids, valueInfo("attention_mask", idType, ["batch", length])],
    node: [
      node("Gather", ["table", "input_ids"], ["vectors"]),
      node(
        "Cast",
        ["attention_mask"],
        ["mask"],
        [{ name: "to", type: onnx.AttributeProto.AttributeType.INT, i: FLOAT }],
      ),
      node("Unsqueeze", ["mask", "axes"], ["column"]),
      node("Mul", ["vectors", "column"], ["kept"]),
      node("ReduceMean", ["kept"], ["text_embeds"], [...axes, keep]),
    ],
  };
}
