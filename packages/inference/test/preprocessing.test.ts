import { readFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { MAX_PICTURE_BYTES } from "../src/accepted-picture.ts";
import {
  decodeImage,
  PreprocessingSpec,
  preprocessImage,
  UnreadableImageError,
} from "../src/preprocessing.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

const CLIP: PreprocessingSpec = {
  width: 224,
  height: 224,
  resize: "shortest-edge",
  interpolation: "bicubic",
  mean: [0.48145466, 0.4578275, 0.40821073],
  standardDeviation: [0.26862954, 0.26130258, 0.27577711],
};

const unit = { mean: [0, 0, 0], standardDeviation: [1, 1, 1] } satisfies Partial<PreprocessingSpec>;

function png(width: number, height: number, channels: 1 | 2 | 3 | 4, pixels: number[]): Promise<Buffer> {
  return sharp(Uint8Array.from(pixels), { raw: { width, height, channels } }).png().toBuffer();
}

describe("preprocessImage", () => {
  it.skipIf(!hasSharedData)("equals the reference CLIP preprocessing of franz-kafka.jpg", async () => {
    const npy = await readFile(sharedFile("clip", "expected_preprocessed_image.npy"));
    const expected = new Float32Array(npy.buffer.slice(npy.byteOffset + npy.length - 3 * 224 * 224 * 4));
    const actual = await preprocessImage(
      "kafka",
      await readFile(sharedFile("clip", "franz-kafka.jpg")),
      CLIP,
    );
    let largest = 0;
    for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    // One grey level is 0.0146 here: every one of the 150,528 pixels is the reference's.
    expect(largest).toBeLessThan(1e-6);
  });

  it.skipIf(!hasSharedData)("takes a large RGBA picture", async () => {
    const bytes = await readFile(sharedFile("clip", "CLIP.png"));
    const tensor = await preprocessImage("clip", bytes, CLIP);
    expect(tensor).toHaveLength(3 * 224 * 224);
    expect(tensor.every(Number.isFinite)).toBe(true);
  });

  it("lays out RGB as planes and normalises each", async () => {
    const bytes = await png(2, 1, 3, [255, 0, 51, 0, 255, 102]);
    const spec: PreprocessingSpec = {
      width: 2,
      height: 1,
      resize: "none",
      interpolation: "nearest",
      mean: [0.5, 0.25, 0],
      standardDeviation: [0.5, 0.25, 2],
    };
    expect([...(await preprocessImage("a", bytes, spec))]).toEqual(
      [1, -1, -1, 3, 0.1, 0.2].map((value) => expect.closeTo(value, 6)),
    );
  });

  it("expands grey, flattens alpha onto black and applies the EXIF orientation", async () => {
    const spec: PreprocessingSpec = {
      width: 1,
      height: 1,
      resize: "none",
      interpolation: "nearest",
      ...unit,
    };
    const grey = await preprocessImage("grey", await png(1, 1, 1, [51]), spec);
    expect([...grey]).toEqual([0.2, 0.2, 0.2].map((value) => expect.closeTo(value, 6)));
    const transparent = await preprocessImage("alpha", await png(1, 1, 4, [255, 255, 255, 0]), spec);
    expect([...transparent]).toEqual([0, 0, 0]);

    const wide = sharp(Buffer.alloc(2 * 16 * 16 * 3, 200), { raw: { width: 32, height: 16, channels: 3 } });
    const turned = await decodeImage("exif", await wide.jpeg().withMetadata({ orientation: 6 }).toBuffer());
    expect([turned.width, turned.height]).toEqual([16, 32]);
  });

  it("names the input and the reason when an image cannot be used", async () => {
    const spec: PreprocessingSpec = {
      width: 4,
      height: 4,
      resize: "none",
      interpolation: "nearest",
      ...unit,
    };
    const failure = (bytes: Uint8Array) => preprocessImage("cat/7.png", bytes, spec).catch((error) => error);

    expect(await failure(await png(2, 1, 3, [0, 0, 0, 0, 0, 0]))).toMatchObject({
      inputId: "cat/7.png",
      reason: expect.stringContaining("2x1 pixels"),
    });
    for (const bytes of [
      Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>"),
      Buffer.alloc(0),
    ])
      expect((await failure(bytes)).reason).toBe("is not a PNG, JPEG or WebP image");
    const noise = await sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: "black",
        noise: { type: "gaussian", mean: 128, sigma: 40 },
      },
    })
      .jpeg()
      .toBuffer();
    const truncated = await failure(noise.subarray(0, noise.length / 2));
    expect(truncated).toBeInstanceOf(UnreadableImageError);
    expect(truncated.reason).toContain("cannot be decoded");
  });

  it("refuses an image that claims more pixels than the limit", async () => {
    // 9000×9000 grey pixels of one bit each: a PNG of ten kilobytes.
    const header = Buffer.alloc(13);
    header.writeUInt32BE(9000, 0);
    header.writeUInt32BE(9000, 4);
    header[8] = 1;
    const chunk = (type: string, data: Buffer) => {
      const body = Buffer.concat([Buffer.from(type), data]);
      const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      checksum.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, checksum]);
    };
    const bomb = Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk("IHDR", header),
      chunk("IDAT", deflateSync(Buffer.alloc(9000 * 1126))),
      chunk("IEND", Buffer.alloc(0)),
    ]);
    expect(bomb.length).toBeLessThan(20_000);
    await expect(preprocessImage("bomb", bomb, CLIP)).rejects.toThrow(
      /9000×9000 pixels, over the pixel limit/,
    );
  });

  it("8: refuses sides and files that are too long, and what a caller finds too large", async () => {
    const line = await sharp({ create: { width: 16_385, height: 1, channels: 3, background: "teal" } })
      .png()
      .toBuffer();
    await expect(decodeImage("line", line)).rejects.toThrow(/16385×1 pixels; a side has at most 16384/);
    const small = await sharp({ create: { width: 40, height: 30, channels: 3, background: "teal" } })
      .png()
      .toBuffer();
    await expect(decodeImage("small", small, 1_199)).rejects.toThrow(/pixel limit of 1199/);
    expect((await decodeImage("small", small, 1_200)).width).toBe(40);
    const long = Buffer.concat([small, Buffer.alloc(MAX_PICTURE_BYTES)]);
    await expect(decodeImage("long", long)).rejects.toThrow(UnreadableImageError);
  });
});

describe("PreprocessingSpec", () => {
  it("refuses a zero standard deviation, unknown keys and absurd sizes", () => {
    expect(PreprocessingSpec.safeParse(CLIP).success).toBe(true);
    expect(PreprocessingSpec.safeParse({ ...CLIP, standardDeviation: [1, 0, 1] }).success).toBe(false);
    expect(PreprocessingSpec.safeParse({ ...CLIP, width: 100_000 }).success).toBe(false);
    expect(PreprocessingSpec.safeParse({ ...CLIP, crop: true }).success).toBe(false);
    expect(PreprocessingSpec.safeParse({ ...CLIP, width: 2048, height: 2048 }).success).toBe(true);
    const absurd = PreprocessingSpec.safeParse({ ...CLIP, width: 4096, height: 4096 });
    expect(absurd.error?.issues).toMatchObject([
      { path: ["width"], message: "width × height is at most 5592405 pixels, choose a smaller input" },
    ]);
  });
});
