import { createReadStream } from "node:fs";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embedImages, type ImageInput } from "../src/batches.ts";
import { EncoderSession } from "../src/encoder.ts";
import { HeadSession } from "../src/head.ts";
import { CIFAR10_CLASSES, CIFAR10_PREPROCESSING, hasSharedData, sharedFile } from "./shared-data.ts";

async function photographs(perClass: number): Promise<(ImageInput & { label: number })[]> {
  const found: (ImageInput & { label: number })[] = [];
  const counts = new Map<string, number>();
  const tar = createReadStream(sharedFile("cifar10-photos.tar")).pipe(extract());
  for await (const entry of tar) {
    const [, split, className] = /^(test)\/([a-z]+)\/.*\.jpg$/.exec(entry.header.name) ?? [];
    const count = counts.get(className) ?? 0;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (split !== "test" || count >= perClass) continue;
    counts.set(className, count + 1);
    const bytes = Buffer.concat(chunks);
    found.push({ id: entry.header.name, read: async () => bytes, label: CIFAR10_CLASSES.indexOf(className) });
  }
  return found;
}

describe.skipIf(!hasSharedData)("the public ResNet-20 on real photographs", () => {
  let encoder: EncoderSession;
  let head: HeadSession;
  let inputs: (ImageInput & { label: number })[];

  beforeAll(async () => {
    encoder = await EncoderSession.open(
      sharedFile("models/cifar10-resnet20/encoder.onnx"),
      CIFAR10_PREPROCESSING,
    );
    head = await HeadSession.open(sharedFile("models/cifar10-resnet20/head.onnx"), encoder.width);
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
    console.log(`accuracy on ${seen} photographs: ${correct / seen}`);
    expect(correct / seen).toBeGreaterThan(0.76);
    expect(correct / seen).toBeLessThan(0.88);
  });
});
