import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { EncoderSession } from "../src/encoder.ts";
import { SplitError, splitGraph } from "../src/graph-split.ts";
import { HeadSession } from "../src/head.ts";
import { decodeModel, onnx } from "../src/network-process/graph.mjs";
import { tensorLength } from "../src/preprocessing.ts";
import {
  classifierGraph,
  encoderGraph,
  FLOAT,
  floats,
  headGraph,
  longs,
  modelBytes,
  node,
  valueInfo,
  weights,
} from "./onnx-models.ts";
import { CIFAR10_PREPROCESSING, hasSharedData, sharedFile } from "./shared-data.ts";

const SPEC = { ...CIFAR10_PREPROCESSING, width: 8, height: 6 };

async function logits(encoder: Uint8Array, head: Uint8Array, spec = SPEC) {
  const images = Float32Array.from(weights(4 * tensorLength(spec), 17));
  const first = await EncoderSession.open(encoder, spec);
  const embeddings = await first.run(images, 4);
  const second = await HeadSession.open(head, first.width);
  const result = await second.run(embeddings);
  await first.close();
  await second.close();
  return { embeddings: embeddings.data, logits: result.data };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

describe("splitGraph", () => {
  it("gives an encoder and a head that together compute the whole", async () => {
    const split = await splitGraph(modelBytes(classifierGraph(8, 6, 5, 3)), "embedding");
    const expected = await logits(modelBytes(encoderGraph(8, 6, 5)), modelBytes(headGraph(5, 3)));
    const actual = await logits(split.encoder, split.head);
    expect(actual.embeddings).toEqual(expected.embeddings);
    expect(actual.logits).toEqual(expected.logits);
    const initializers = (bytes: Uint8Array) =>
      decodeModel(bytes).graph?.initializer?.map((tensor) => tensor.name);
    expect(initializers(split.encoder)).toEqual(["kernel"]);
    expect(initializers(split.head)).toEqual(["w", "b"]);
  });

  it("splits before the flattening too: the head then takes N×d×1×1", async () => {
    const split = await splitGraph(modelBytes(classifierGraph(8, 6, 5, 3)), "pooled");
    const expected = await logits(modelBytes(encoderGraph(8, 6, 5)), modelBytes(headGraph(5, 3)));
    expect(largestDifference((await logits(split.encoder, split.head)).logits, expected.logits)).toBeLessThan(
      1e-6,
    );
  });

  it("lists tensors that fit when the given one is missing", async () => {
    const error = await splitGraph(modelBytes(classifierGraph(8, 6, 5, 3)), "penultimate").catch((e) => e);
    expect(error).toBeInstanceOf(SplitError);
    expect(error.candidates).toEqual(["embedding", "pooled", "active", "features"]);
    expect(error.message).toContain('the graph has no tensor "penultimate". Name one of: embedding, pooled');
  });

  it("never loads a graph whose tensors lie in other files", async () => {
    const graph = classifierGraph(8, 6, 5, 3);
    const [kernel, ...others] = graph.initializer ?? [];
    const external = {
      ...kernel,
      rawData: undefined,
      dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
      externalData: [{ key: "location", value: "package.json" }],
    };
    const bytes = modelBytes({ ...graph, initializer: [external, ...others] });
    await expect(splitGraph(bytes, "embedding")).rejects.toThrow('"kernel" is stored in another file');
  });

  it("refuses a tensor that the logits bypass", async () => {
    const graph = classifierGraph(8, 6, 5, 3);
    // A residual connection around Relu: "active" is no bottleneck.
    const nodes = [
      node("Conv", ["image", "kernel"], ["features"]),
      node("Relu", ["features"], ["active"]),
      node("Add", ["features", "active"], ["sum"]),
      node("GlobalAveragePool", ["sum"], ["pooled"]),
      node("Flatten", ["pooled"], ["embedding"]),
      node("Gemm", ["embedding", "w", "b"], ["logits"]),
    ];
    const error = await splitGraph(modelBytes({ ...graph, node: nodes }), "active").catch((e) => e);
    expect(error).toBeInstanceOf(SplitError);
    expect(error.candidates).toEqual(["embedding", "pooled", "sum", "features"]);
  });

  it("keeps what nested graphs capture, initializers listed as inputs, and 64-bit attributes", async () => {
    const { AttributeType } = onnx.AttributeProto;
    const graph = classifierGraph(8, 6, 5, 3);
    const branch = (name: string, factor: string) => ({
      name,
      node: [node("Mul", ["raw", factor], [`${name}_out`])],
      output: [valueInfo(`${name}_out`, FLOAT)],
    });
    const nodes = [
      ...(graph.node ?? []).slice(0, 3),
      node("Flatten", ["pooled"], ["whole"]),
      node("Slice", ["whole", "from", "to", "axis"], ["raw"]),
      node("ReduceSum", ["raw"], ["total"], [{ name: "keepdims", type: AttributeType.INT, i: 0 }]),
      node("Greater", ["total", "zero"], ["positive"]),
      node(
        "If",
        ["positive"],
        ["embedding"],
        [
          { name: "then_branch", type: AttributeType.GRAPH, g: branch("then", "two") },
          { name: "else_branch", type: AttributeType.GRAPH, g: branch("else", "three") },
        ],
      ),
      node("Gemm", ["embedding", "w", "b"], ["logits"]),
    ];
    const initializer = [
      ...(graph.initializer ?? []),
      floats("zero", [], [0]),
      floats("two", [], [2]),
      floats("three", [], [3]),
      longs("from", [0n]),
      longs("to", [9223372036854775807n]),
      longs("axis", [1n]),
    ];
    const input = [...(graph.input ?? []), valueInfo("two", FLOAT, [])];
    const split = await splitGraph(modelBytes({ ...graph, input, initializer, node: nodes }), "embedding");
    const plain = await logits(modelBytes(encoderGraph(8, 6, 5)), modelBytes(headGraph(5, 3)));
    const doubled = (await logits(split.encoder, split.head)).embeddings;
    expect(doubled.map((value) => value / 2)).toEqual(plain.embeddings);
  });

  describe.skipIf(!hasSharedData)("on the public ResNets", () => {
    it.each(["cifar10-resnet20", "cifar10-resnet32", "cifar10-resnet56"])("%s", async (name) => {
      const folder = sharedFile("models", name);
      const whole = await readFile(`${folder}/model.onnx`);
      const error: unknown = await splitGraph(whole, "none such").catch((reason) => reason);
      const { candidates } = error as SplitError;
      const expected = await logits(
        await readFile(`${folder}/encoder.onnx`),
        await readFile(`${folder}/head.onnx`),
        CIFAR10_PREPROCESSING,
      );
      const split = await splitGraph(whole, candidates[0]);
      const actual = await logits(split.encoder, split.head, CIFAR10_PREPROCESSING);
      expect(largestDifference(actual.embeddings, expected.embeddings)).toBeLessThan(1e-5);
      expect(largestDifference(actual.logits, expected.logits)).toBeLessThan(1e-5);
    });
  });
});
