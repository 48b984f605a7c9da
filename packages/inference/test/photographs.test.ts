import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDatasetArchive } from "../src/archive.ts";
import { readMatrix, readNumbers } from "../src/arrays/array-file.ts";
import { embedImages, type ImageInput } from "../src/batches.ts";
import { EncoderSession } from "../src/encoder.ts";
import { HeadSession } from "../src/head.ts";
import { CIFAR10_CLASSES, CIFAR10_PREPROCESSING, hasSharedData, sharedFile } from "./shared-data.ts";

interface LabelledImage extends ImageInput {
  readonly label: number;
}

async function photographs(perClass: number): Promise<LabelledImage[]> {
  const found: LabelledImage[] = [];
  const counts = new Map<string, number>();
  for await (const { split, className, id, bytes } of readDatasetArchive(sharedFile("cifar10-photos.tar"))) {
    const count = counts.get(className) ?? 0;
    if (split !== "test" || count >= perClass) continue;
    counts.set(className, count + 1);
    found.push({ id, read: async () => bytes, label: CIFAR10_CLASSES.indexOf(className) });
  }
  return found;
}

describe.skipIf(!hasSharedData)("the public ResNet-20 on real photographs", () => {
  let encoder: EncoderSession;
  let head: HeadSession;
  let inputs: LabelledImage[];

  beforeAll(async () => {
    encoder = await EncoderSession.open(
      await readFile(sharedFile("models/cifar10-resnet20/encoder.onnx")),
      CIFAR10_PREPROCESSING,
    );
    head = await HeadSession.open(
      await readFile(sharedFile("models/cifar10-resnet20/head.onnx")),
      encoder.width,
    );
    inputs = await photographs(40);
  });
  afterAll(async () => {
    await encoder.close();
    await head.close();
  });

  it("has the published widths", () => {
    expect(encoder.width).toBe(64);
    expect(head.classCount).toBe(10);
  });

  it("reaches about 80 to 84 % accuracy", async () => {
    let correct = 0;
    let seen = 0;
    for await (const batch of embedImages(inputs, encoder, { batchSize: 64 })) {
      expect(batch.poison).toEqual([]);
      const logits = await head.run(batch.embeddings);
      for (let i = 0; i < logits.rows; i++) {
        const scores = logits.data.subarray(i * 10, i * 10 + 10);
        if (scores.indexOf(Math.max(...scores)) === inputs[seen + i].label) correct++;
      }
      seen += batch.ids.length;
    }
    expect(seen).toBe(400);
    expect(correct / seen).toBeGreaterThan(0.76);
    expect(correct / seen).toBeLessThan(0.88);
  });

  it("gives the features and logits that PyTorch gave for the lossless photographs", async () => {
    const folder = "clip-vitb32/cifar10_test_0-349";
    const pixels = await readNumbers(sharedFile(`${folder}_images_u8.npy`), { field: "images" });
    const features = await readMatrix(sharedFile(`${folder}_resnet20_features.npy`), { field: "features" });
    const logits = await readMatrix(sharedFile(`${folder}_resnet20_logits.npy`), { field: "logits" });
    const lossless = Array.from({ length: 100 }, (_, i) => ({
      id: `${i}`,
      read: () =>
        sharp(Uint8Array.from(pixels.values.subarray(i * 3072, (i + 1) * 3072)), {
          raw: { width: 32, height: 32, channels: 3 },
        })
          .png()
          .toBuffer(),
    }));
    let at = 0;
    for await (const { embeddings } of embedImages(lossless, encoder)) {
      embeddings.data.forEach((value, i) => {
        expect(Math.abs(value - features.data[at * 64 + i])).toBeLessThan(1e-4);
      });
      (await head.run(embeddings)).data.forEach((value, i) => {
        expect(Math.abs(value - logits.data[at * 10 + i])).toBeLessThan(1e-3);
      });
      at += embeddings.rows;
    }
    expect(at).toBe(100);
  });
});
