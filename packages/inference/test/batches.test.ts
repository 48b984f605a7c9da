import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BatchOptions, embedImages, type ImageInput, type PoisonInput } from "../src/batches.ts";
import { EncoderSession } from "../src/encoder.ts";
import type { PreprocessingSpec } from "../src/preprocessing.ts";
import { encoderGraph, FLOAT, modelBytes, node, valueInfo } from "./onnx-models.ts";

const SPEC: PreprocessingSpec = {
  width: 8,
  height: 6,
  resize: "none",
  interpolation: "nearest",
  mean: [0, 0, 0],
  standardDeviation: [1, 1, 1],
};

function picture(seed: number): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => (i * 37 * seed + seed * 11) % 256);
  return sharp(pixels, { raw: { width: 8, height: 6, channels: 3 } })
    .png()
    .toBuffer();
}

async function collect(inputs: readonly ImageInput[], encoder: EncoderSession, options: BatchOptions = {}) {
  const rows = new Map<string, Float32Array>();
  const poison: PoisonInput[] = [];
  const sizes: number[] = [];
  for await (const batch of embedImages(inputs, encoder, options)) {
    sizes.push(batch.ids.length);
    expect(batch.embeddings.rows).toBe(batch.ids.length);
    batch.ids.forEach((id, i) => {
      rows.set(id, batch.embeddings.data.slice(i * encoder.width, (i + 1) * encoder.width));
    });
    poison.push(...batch.poison);
  }
  return { rows, poison, sizes };
}

describe("embedImages", () => {
  let encoder: EncoderSession;
  let inputs: ImageInput[];

  beforeAll(async () => {
    encoder = await EncoderSession.open(modelBytes(encoderGraph(8, 6, 5)), SPEC);
    const pictures = await Promise.all(Array.from({ length: 21 }, (_, i) => picture(i + 1)));
    inputs = pictures.map((bytes, i) => ({ id: `input-${i}`, read: async () => bytes }));
  });
  afterAll(() => encoder.close());

  it("keeps the order and gives each input its own row, whatever the timing of reads", async () => {
    const slowFirst = inputs.map(({ id, read }, i) => ({
      id,
      read: async () => {
        await sleep((21 - i) % 7);
        return read();
      },
    }));
    const one = await collect(inputs, encoder, { batchSize: 4, decodeConcurrency: 1 });
    const two = await collect(slowFirst, encoder, { batchSize: 4, decodeConcurrency: 8 });
    expect([...one.rows.keys()]).toEqual(inputs.map(({ id }) => id));
    expect(one.sizes).toEqual([4, 4, 4, 4, 4, 1]);
    expect(two.rows).toEqual(one.rows);
    expect(new Set([...one.rows.values()].map(String)).size).toBe(21);
  });

  it("reports poison and leaves the other rows untouched to the bit", async () => {
    const clean = await collect(inputs, encoder, { batchSize: 4 });
    const broken = [...inputs];
    broken[2] = { id: "text", read: async () => Buffer.from("not a picture") };
    const small = await sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    broken[5] = { id: "small", read: async () => small };
    const { rows, poison, sizes } = await collect(broken, encoder, { batchSize: 4 });
    expect(poison).toEqual([
      { id: "text", reason: "is not a PNG, JPEG or WebP image" },
      { id: "small", reason: expect.stringContaining("is 2x2 pixels") },
    ]);
    expect(sizes).toEqual([3, 3, 4, 4, 4, 1]);
    for (const [id, row] of rows) expect(row).toEqual(clean.rows.get(id));
  });

  it("reports inputs whose embedding is not finite", async () => {
    // log(1 - mean): infinite for a white picture.
    const graph = encoderGraph(8, 6, 5);
    const axes = { name: "axes", type: 7, ints: [2, 3] };
    const logarithm = modelBytes({
      input: graph.input,
      output: [valueInfo("embedding", FLOAT, ["batch", 3])],
      initializer: [{ name: "one", dims: [], dataType: FLOAT, floatData: [1] }],
      node: [
        node("ReduceMin", ["image"], ["mean"], [axes, { name: "keepdims", type: 2, i: 0 }]),
        node("Sub", ["one", "mean"], ["rest"]),
        node("Log", ["rest"], ["embedding"]),
      ],
    });
    const session = await EncoderSession.open(logarithm, SPEC);
    const white = await sharp({ create: { width: 8, height: 6, channels: 3, background: "white" } })
      .png()
      .toBuffer();
    const { rows, poison } = await collect(
      [inputs[0], { id: "white", read: async () => white }, inputs[1]],
      session,
    );
    await session.close();
    expect([...rows.keys()]).toEqual(["input-0", "input-1"]);
    expect(poison).toEqual([{ id: "white", reason: "its embedding has -Infinity at position 0" }]);
  });

  it("passes on a failure to read: that is the store's fault, not the input's", async () => {
    const failing = [...inputs];
    failing[9] = { id: "gone", read: () => Promise.reject(new Error("the store is away")) };
    await expect(collect(failing, encoder, { batchSize: 4 })).rejects.toThrow("the store is away");
  });

  it("stops within one batch when aborted", async () => {
    const controller = new AbortController();
    let read = 0;
    const counted = inputs.map((input) => ({
      ...input,
      read: () => {
        read++;
        return input.read();
      },
    }));
    const seen: number[] = [];
    const work = async () => {
      for await (const batch of embedImages(counted, encoder, {
        batchSize: 2,
        signal: controller.signal,
      })) {
        seen.push(batch.ids.length);
        controller.abort(new Error("cancelled by the user"));
      }
    };
    await expect(work()).rejects.toThrow("cancelled by the user");
    expect(seen).toEqual([2]);
    expect(read).toBeLessThanOrEqual(6);
  });

  it("reads no more than the batches in flight when the consumer stops", async () => {
    let read = 0;
    const endless = (async function* (): AsyncGenerator<ImageInput> {
      for (let i = 0; ; i++)
        yield {
          id: `${i}`,
          read: () => {
            read++;
            return inputs[i % 21].read();
          },
        };
    })();
    for await (const batch of embedImages(endless, encoder, { batchSize: 3 })) {
      expect(batch.ids).toEqual(["0", "1", "2"]);
      break;
    }
    await sleep(20);
    expect(read).toBeLessThanOrEqual(9);
  });

  it("takes an empty list, and refuses an absurd batch size", async () => {
    expect(await collect([], encoder)).toEqual({ rows: new Map(), poison: [], sizes: [] });
    await expect(collect(inputs, encoder, { batchSize: 0 })).rejects.toThrow(RangeError);
  });
});
