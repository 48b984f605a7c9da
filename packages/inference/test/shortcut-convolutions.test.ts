import { readFile } from "node:fs/promises";
import type { onnx as Onnx } from "onnx-proto";
import { describe, expect, it } from "vitest";
import { decodeModel, onnx } from "../src/network-process/graph.mjs";
import { convolveShortcuts } from "../src/network-process/shortcut-convolutions.mjs";
import { OnnxSession } from "../src/onnx-session.ts";
import { FLOAT, floats, longs, modelBytes, node, valueInfo, weights } from "./onnx-models.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

const END = 2n ** 63n - 1n;

interface Shortcut {
  starts?: bigint[];
  ends?: bigint[];
  axes?: bigint[];
  steps?: bigint[];
  pads?: bigint[];
  /** The constant of Pad. */
  value?: number;
  mode?: string;
  /** Another reader of the sliced tensor. */
  shared?: boolean;
}

/**
 * A residual block whose shortcut has no parameters: image N×3×h×w -> Conv to 4 channels -> `features`; a strided Conv
 * to 8 channels, plus every second row and column of `features` between four channels of zeros -> Relu.
 */
function block(shortcut: Shortcut = {}): Onnx.IGraphProto {
  const mode = { name: "mode", type: onnx.AttributeProto.AttributeType.STRING };
  return {
    input: [valueInfo("image", FLOAT, ["batch", 3, "height", "width"])],
    output: [valueInfo("embedding", FLOAT), ...(shortcut.shared ? [valueInfo("sliced", FLOAT)] : [])],
    initializer: [
      floats("first", [4, 3, 1, 1], weights(12)),
      floats("second", [8, 4, 1, 1], weights(32, 3)),
      longs("starts", shortcut.starts ?? [0n]),
      longs("ends", shortcut.ends ?? [END]),
      longs("rows", shortcut.axes ?? [2n]),
      longs("columns", [-1n]),
      longs("steps", shortcut.steps ?? [2n]),
      longs("zero", [0n]),
      longs("end", [END]),
      longs("two", [2n]),
      longs("pads", shortcut.pads ?? [0n, 2n, 0n, 0n, 0n, 2n, 0n, 0n]),
      floats("value", [], [shortcut.value ?? 0]),
    ],
    node: [
      node("Conv", ["image", "first"], ["features"]),
      node(
        "Conv",
        ["features", "second"],
        ["main"],
        [{ name: "strides", type: onnx.AttributeProto.AttributeType.INTS, ints: [2, 2] }],
      ),
      node("Slice", ["features", "starts", "ends", "rows", "steps"], ["halved"]),
      node("Slice", ["halved", "zero", "end", "columns", "two"], ["sliced"]),
      // Exporters compute pads in several steps.
      node("Identity", ["pads"], ["computed pads"]),
      node(
        "Pad",
        ["sliced", "computed pads", "value"],
        ["padded"],
        [{ ...mode, s: new TextEncoder().encode(shortcut.mode ?? "constant") }],
      ),
      node("Add", ["main", "padded"], ["sum"]),
      node("Relu", ["sum"], ["embedding"]),
    ],
  };
}

const operators = (bytes: Uint8Array) => decodeModel(bytes).graph?.node?.map(({ opType }) => opType);

async function embeddings(bytes: Uint8Array, height: number, width: number) {
  const session = await OnnxSession.open(bytes, "encoder");
  const data = Float32Array.from(weights(2 * 3 * height * width, 5));
  const { embedding } = await session.run({ image: { type: "float32", dims: [2, 3, height, width], data } }, [
    "embedding",
  ]);
  await session.close();
  return embedding;
}

describe("convolveShortcuts", () => {
  it.each([
    ["slices and pads", {}],
    [
      "one slice over rows and columns",
      { axes: [2n, 3n], starts: [0n, 0n], ends: [END, END], steps: [2n, 1n] },
    ],
    ["channels added on one side alone", { pads: [0n, 0n, 0n, 0n, 0n, 4n, 0n, 0n] }],
  ])("makes a convolution of %s, with the same values", async (_, shortcut) => {
    const bytes = modelBytes(block(shortcut));
    const convolved = await convolveShortcuts(bytes);
    expect(operators(convolved)).toEqual(["Conv", "Conv", "Conv", "Add", "Relu"]);
    for (const [height, width] of [
      [8, 6],
      [7, 5],
    ]) {
      const expected = await embeddings(bytes, height, width);
      const actual = await embeddings(convolved, height, width);
      expect(actual.dims).toEqual(expected.dims);
      const values = expected.data as Float32Array;
      expect(Math.max(...values)).toBeGreaterThan(1);
      const differences = (actual.data as Float32Array).map((value, i) => Math.abs(value - values[i]));
      expect(Math.max(...differences)).toBeLessThan(1e-5);
    }
  });

  it.each([
    ["a slice from the second row on", { starts: [1n] }],
    ["a slice that ends early", { ends: [6n] }],
    ["a slice backwards", { starts: [END], ends: [-END], steps: [-2n] }],
    ["a slice over channels", { axes: [1n] }],
    ["pads of the plane", { pads: [0n, 2n, 0n, 1n, 0n, 2n, 0n, 0n] }],
    ["channels that are cut off", { pads: [0n, -1n, 0n, 0n, 0n, 5n, 0n, 0n] }],
    ["channels of ones", { value: 1 }],
    ["channels that repeat others", { mode: "edge" }],
    ["a sliced tensor that something else reads, too", { shared: true }],
  ])("leaves %s as it is", async (_, shortcut) => {
    const bytes = modelBytes(block(shortcut));
    expect(await convolveShortcuts(bytes)).toBe(bytes);
  });

  it("leaves a shortcut whose pads depend on the image as it is", async () => {
    const graph = block();
    const nodes = (graph.node ?? []).filter(({ output }) => output?.[0] !== "computed pads");
    const bytes = modelBytes({
      ...graph,
      node: [
        node("Shape", ["image"], ["shape"]),
        node(
          "Concat",
          ["shape", "shape"],
          ["pads of the image"],
          [{ name: "axis", type: onnx.AttributeProto.AttributeType.INT, i: 0 }],
        ),
        node("Mul", ["pads of the image", "pads"], ["computed pads"]),
        ...nodes,
      ],
    });
    expect(await convolveShortcuts(bytes)).toBe(bytes);
  });

  it.skipIf(!hasSharedData)("leaves no slice in the public ResNets, whose embeddings stay", async () => {
    for (const name of ["cifar10-resnet20", "cifar10-resnet56"]) {
      const bytes = await readFile(sharedFile("models", name, "encoder.onnx"));
      const convolved = await convolveShortcuts(bytes);
      expect(new Set(operators(convolved))).toEqual(new Set(["Conv", "Relu", "Add", "ReduceMean"]));
      const expected = (await embeddings(bytes, 32, 32)).data as Float32Array;
      const actual = (await embeddings(convolved, 32, 32)).data as Float32Array;
      expect(Math.max(...actual.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-5);
    }
  });
});
