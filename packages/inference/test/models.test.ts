import { matrix } from "@faultline/core";
import { describe, expect, it } from "vitest";
import { EncoderSession } from "../src/encoder.ts";
import { HeadSession } from "../src/head.ts";
import { InvalidModelError } from "../src/invalid-model.ts";
import { ClassCountMismatchError, validateModelVersion, validateVlm } from "../src/model-validation.ts";
import { onnx } from "../src/network-process/graph.mjs";
import { tensorLength } from "../src/preprocessing.ts";
import { TextTower } from "../src/text-tower.ts";
import type { TokenizerSpec } from "../src/tokenizer.ts";
import { WidthMismatchError } from "../src/width-mismatch.ts";
import {
  encoderGraph,
  FLOAT,
  headGraph,
  INT32,
  modelBytes,
  node,
  textTowerGraph,
  valueInfo,
  weights,
} from "./onnx-models.ts";

const SPEC = {
  width: 8,
  height: 6,
  resize: "squash" as const,
  interpolation: "bilinear" as const,
  mean: [0, 0, 0] as [number, number, number],
  standardDeviation: [1, 1, 1] as [number, number, number],
};

const TOKENIZER: TokenizerSpec = {
  type: "word",
  vocabulary: { "<pad>": 0, "<unk>": 1, a: 2, cat: 3, dog: 4 },
  contextLength: 4,
  lowercase: true,
  padToken: "<pad>",
  unknownToken: "<unk>",
};

const classes = ["cat", "dog", "frog"];
const encoder = modelBytes(encoderGraph(8, 6, 5));
const head = modelBytes(headGraph(5, 3));

describe("validateModelVersion", () => {
  it("returns the widths", async () => {
    expect(await validateModelVersion({ encoder, head, classes, preprocessing: SPEC })).toEqual({
      embeddingWidth: 5,
      classCount: 3,
    });
  });

  it("names both widths when head and encoder do not fit", async () => {
    const other = modelBytes(headGraph(7, 3));
    const error = await validateModelVersion({
      encoder,
      head: other,
      classes,
      preprocessing: SPEC,
    }).catch((e) => e);
    expect(error).toBeInstanceOf(WidthMismatchError);
    expect(error).toMatchObject({ field: "head", expected: 7, actual: 5 });
    expect(error.message).toBe(
      "head: it expects 7 values, but the encoder gives 5. Give two that were made for each other",
    );
  });

  it("compares the class list with the logits", async () => {
    const call = validateModelVersion({ encoder, head, classes: ["cat", "dog"], preprocessing: SPEC });
    await expect(call).rejects.toThrow(ClassCountMismatchError);
    await expect(call).rejects.toThrow("2 classes are named, but the head gives 3 logits");
  });

  it.each([
    ["text", Buffer.from("this is no model, certainly not an ONNX one")],
    ["nothing", new Uint8Array(0)],
    ["half a file", encoder.subarray(0, encoder.length / 2)],
  ])("refuses %s as an encoder", async (_, bytes) => {
    const call = validateModelVersion({ encoder: bytes, head, classes, preprocessing: SPEC });
    await expect(call).rejects.toThrow(InvalidModelError);
    await expect(call).rejects.toThrow(/encoder: it is not an ONNX file/);
  });

  it("names the declared and the given image size", async () => {
    const call = validateModelVersion({ encoder, head, classes, preprocessing: { ...SPEC, width: 32 } });
    await expect(call).rejects.toThrow(
      'its input "image" has shape [batch, 3, 6, 8], but the preprocessing spec gives [N, 3, 6, 32]',
    );
  });

  it("refuses an encoder whose output is a feature map", async () => {
    const graph = encoderGraph(8, 6, 5);
    const features = modelBytes({ ...graph, output: [valueInfo("features", FLOAT, ["batch", 5, 4, 6])] });
    await expect(
      validateModelVersion({ encoder: features, head, classes, preprocessing: SPEC }),
    ).rejects.toThrow('its output "features" has shape [1, 5, 4, 6] for a batch of 1, [1, width] is needed');
  });

  it("refuses tensors in other files and random operators", async () => {
    const graph = headGraph(5, 3);
    const [w, b] = graph.initializer ?? [];
    const external = modelBytes({
      ...graph,
      initializer: [
        {
          ...w,
          rawData: undefined,
          dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
          externalData: [{ key: "location", value: "/etc/passwd" }],
        },
        b,
      ],
    });
    await expect(
      validateModelVersion({ encoder, head: external, classes, preprocessing: SPEC }),
    ).rejects.toThrow('head: its tensor "w" is stored in another file');

    const random = modelBytes({
      ...graph,
      node: [
        node("RandomUniformLike", ["embedding"], ["noise"]),
        node("Add", ["embedding", "noise"], ["noisy"]),
        node("Gemm", ["noisy", "w", "b"], ["logits"]),
      ],
    });
    await expect(
      validateModelVersion({ encoder, head: random, classes, preprocessing: SPEC }),
    ).rejects.toThrow("is random (RandomUniformLike)");
  });
});

describe("EncoderSession", () => {
  it("keeps runs apart that overlap, whichever memory their images lie in", async () => {
    const session = await EncoderSession.open(encoder, SPEC);
    try {
      const size = tensorLength(SPEC);
      const images = Array.from({ length: 8 }, (_, k) => {
        const shared = new Float32Array(new SharedArrayBuffer(4 * size));
        return shared.fill((k + 1) / 8);
      });
      const alone = [];
      for (const image of images) alone.push(await session.run(Float32Array.from(image), 1));
      const together = await Promise.all(images.map((image) => session.run(image, 1)));
      expect(together.map(({ data }) => [...data])).toEqual(alone.map(({ data }) => [...data]));
      expect(new Set(alone.map(({ data }) => data.join())).size).toBe(images.length);
    } finally {
      await session.close();
    }
  });

  it("computes what the graph says", async () => {
    const session = await EncoderSession.open(encoder, SPEC);
    const image = Float32Array.from(weights(tensorLength(SPEC), 7));
    const kernel = weights(5 * 27);
    const expected = Array.from({ length: 5 }, (_, channel) => {
      let sum = 0;
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 6; x++) {
          let value = 0;
          for (let c = 0; c < 3; c++)
            for (let i = 0; i < 3; i++)
              for (let j = 0; j < 3; j++)
                value += kernel[channel * 27 + c * 9 + i * 3 + j] * image[c * 48 + (y + i) * 8 + x + j];
          sum += Math.max(0, value);
        }
      return expect.closeTo(sum / 24, 5);
    });
    expect([...(await session.run(image, 1)).data]).toEqual(expected);
    await session.close();
  });

  it("feeds a graph of fixed batch size in its portions", async () => {
    const graph = encoderGraph(8, 6, 5);
    const fixed = modelBytes({
      ...graph,
      input: [valueInfo("image", FLOAT, [2, 3, 6, 8])],
      output: [valueInfo("embedding", FLOAT, [2, 5])],
    });
    const [free, portions] = [
      await EncoderSession.open(encoder, SPEC),
      await EncoderSession.open(fixed, SPEC),
    ];
    expect(portions.fixedBatchSize).toBe(2);
    const images = Float32Array.from(weights(5 * tensorLength(SPEC), 11));
    const expected = await free.run(images.slice(), 5);
    const actual = await portions.run(images.slice(), 5);
    expect(actual.rows).toBe(5);
    actual.data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.data[i], 5);
    });
    await free.close();
    await portions.close();
  });

  it("fails clearly after close", async () => {
    const session = await EncoderSession.open(encoder, SPEC);
    await session.close();
    await expect(session.run(new Float32Array(tensorLength(SPEC)), 1)).rejects.toThrow(
      /the session was closed/,
    );
  });
});

describe("HeadSession", () => {
  it("gives a row the same logits in any company", async () => {
    const session = await HeadSession.open(head, 5);
    const rows = matrix(600, 5, Float32Array.from(weights(3000, 13)));
    const all = await session.run(rows);
    expect(all.rows).toBe(600);
    for (const i of [0, 255, 256, 599]) {
      const alone = await session.run(matrix(1, 5, rows.data.slice(i * 5, i * 5 + 5)));
      expect(alone.data).toEqual(all.data.slice(i * 3, i * 3 + 3));
    }
    await expect(session.run(matrix(2, 4))).rejects.toThrow(WidthMismatchError);
    await session.close();
  });
});

describe("TextTower", () => {
  const mean = (ids: number[], divisor: number) => {
    const table = weights(5 * 3, 5);
    return [0, 1, 2].map((k) =>
      expect.closeTo(ids.reduce((sum, id) => sum + table[id * 3 + k], 0) / divisor, 5),
    );
  };

  it.each([
    ["int64 ids", {}],
    ["int32 ids", { idType: INT32 }],
  ])("embeds phrases through %s", async (_, options) => {
    const tower = await TextTower.open(modelBytes(textTowerGraph(5, 3, 4, options)), TOKENIZER);
    expect(tower.width).toBe(3);
    const phrases = ["a cat", "A Dog!", ...Array<string>(20).fill("zebra cat")];
    const rows = await tower.embed(phrases);
    expect(rows.rows).toBe(22);
    expect([...rows.data.slice(0, 3)]).toEqual(mean([2, 3, 0, 0], 4));
    expect([...rows.data.slice(3, 6)]).toEqual(mean([2, 4, 0, 0], 4));
    expect([...rows.data.slice(63, 66)]).toEqual(mean([1, 3, 0, 0], 4));
    await tower.close();
  });

  it("feeds an attention mask where the graph asks for one", async () => {
    const tower = await TextTower.open(modelBytes(textTowerGraph(5, 3, 4, { mask: true })), TOKENIZER);
    expect([...(await tower.embed(["a cat"])).data]).toEqual(mean([2, 3], 4));
    await tower.close();
  });

  it("names a context length that does not fit, and a phrase without a word", async () => {
    const graph = modelBytes(textTowerGraph(5, 3, 7));
    await expect(TextTower.open(graph, TOKENIZER)).rejects.toThrow(
      'its input "input_ids" has shape [batch, 7], but the tokenizer gives [N, 4]',
    );
    const tower = await TextTower.open(modelBytes(textTowerGraph(5, 3, 4)), TOKENIZER);
    await expect(tower.embed(["cat", "?!"])).rejects.toThrow('phrase: "?!" has no letter or digit');
    await tower.close();
  });

  it("fails clearly when the vocabulary is larger than the network's", async () => {
    const tower = await TextTower.open(modelBytes(textTowerGraph(4, 3, 4)), TOKENIZER);
    await expect(tower.embed(["dog"])).rejects.toThrow(/text tower: it fails on token ids/);
    await tower.close();
  });
});

describe("validateVlm", () => {
  const imageTower = modelBytes(encoderGraph(8, 6, 3));

  it("returns the width of the shared space", async () => {
    const textTower = modelBytes(textTowerGraph(5, 3, 4));
    expect(await validateVlm({ imageTower, textTower, tokenizer: TOKENIZER, preprocessing: SPEC })).toEqual({
      embeddingWidth: 3,
    });
  });

  it("names both widths when the towers do not fit", async () => {
    const textTower = modelBytes(textTowerGraph(5, 4, 4));
    await expect(
      validateVlm({ imageTower, textTower, tokenizer: TOKENIZER, preprocessing: SPEC }),
    ).rejects.toMatchObject({ name: "WidthMismatchError", expected: 4, actual: 3 });
  });
});
