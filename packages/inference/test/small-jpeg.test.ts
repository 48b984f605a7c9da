import { random } from "@faultline/core";
import sharp, { type JpegOptions } from "sharp";
import { describe, expect, it } from "vitest";
import { readDatasetArchive } from "../src/archive.ts";
import { decodeBySharp, decodeImage } from "../src/preprocessing.ts";
import { decodeSmallJpeg, MAX_SMALL_JPEG_PIXELS } from "../src/small-jpeg.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

/** A picture with edges, gradients and noise. */
function picture(width: number, height: number, seed = 1) {
  const uniform = random(seed);
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    return ((x * 7 + y * 3 + (i % 3) * 40) % 200) + (x > width / 2 ? 40 : 0) + uniform() * 15;
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const jpeg = (width: number, height: number, options?: JpegOptions) =>
  picture(width, height).jpeg(options).toBuffer();

describe("decodeSmallJpeg", () => {
  it("gives sharp's pixels, whatever size, quality and subsampling", async () => {
    const sizes = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64];
    for (const [i, width] of sizes.entries())
      for (const chromaSubsampling of ["4:2:0", "4:4:4"])
        for (const quality of [10, 75, 98]) {
          const height = sizes[(i * 5 + 3) % sizes.length];
          const bytes = await jpeg(width, height, { quality, chromaSubsampling });
          const decoded = decodeSmallJpeg(bytes);
          expect(decoded, `${width}x${height} ${chromaSubsampling} ${quality}`).toEqual(
            await decodeBySharp("x", bytes),
          );
        }
  });

  it.skipIf(!hasSharedData)(
    "gives sharp's pixels of all 12,850 photographs",
    async () => {
      let seen = 0;
      for await (const { id, bytes } of readDatasetArchive(sharedFile("cifar10-photos.tar"))) {
        const own = decodeSmallJpeg(bytes);
        const reference = await decodeBySharp(id, bytes);
        if (!own || Buffer.compare(own.pixels, reference.pixels) !== 0) expect.fail(`${id} differs`);
        seen++;
      }
      expect(seen).toBe(12_850);
    },
    120_000,
  );

  it("leaves what is out of the ordinary to sharp", async () => {
    const large = Math.sqrt(MAX_SMALL_JPEG_PIXELS) + 1;
    const others = {
      progressive: await jpeg(32, 32, { progressive: true }),
      grey: await picture(32, 32).toColourspace("b-w").jpeg().toBuffer(),
      cmyk: await picture(32, 32).toColourspace("cmyk").jpeg().toBuffer(),
      turned: await picture(32, 16).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
      large: await jpeg(large, large),
      png: await picture(32, 32).png().toBuffer(),
      nothing: Buffer.alloc(0),
    };
    for (const [name, bytes] of Object.entries(others)) expect(decodeSmallJpeg(bytes), name).toBeUndefined();
    expect(await decodeImage("turned", others.turned)).toMatchObject({ width: 16, height: 32 });
  });

  it("8: leaves files of many scans to sharp, and large files: they would hold up the calling thread", async () => {
    const one = await picture(512, 512).toColourspace("b-w").jpeg({ quality: 5 }).toBuffer();
    const many = manyScans(one, 40);
    // Short enough, and a picture: only its scans are out of the ordinary.
    expect(many.length).toBeLessThan(2 ** 21);
    expect(await decodeImage("many", many)).toMatchObject({ width: 512, height: 512 });
    expect(decodeSmallJpeg(many)).toBeUndefined();
    const ordinary = await jpeg(64, 64);
    const padding = Buffer.alloc(3 * 2 ** 20);
    expect(decodeSmallJpeg(Buffer.concat([ordinary, padding.subarray(0, 1000)]))).toBeDefined();
    expect(decodeSmallJpeg(Buffer.concat([ordinary, padding]))).toBeUndefined();
  });

  it("takes no damaged file that sharp refuses", async () => {
    const whole = await jpeg(24, 24, { quality: 80 });
    const uniform = random(5);
    const damaged = [
      ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
      ...Array.from({ length: 400 }, () => {
        const bytes = Buffer.from(whole);
        bytes[Math.floor(uniform() * bytes.length)] = Math.floor(uniform() * 256);
        return bytes;
      }),
    ];
    let refused = 0;
    for (const bytes of damaged) {
      const own = decodeSmallJpeg(bytes);
      if (!own) refused++;
      else {
        const { width, height } = await decodeBySharp("x", bytes);
        expect(own).toMatchObject({ width, height });
      }
    }
    expect(refused).toBeGreaterThan(whole.length / 2);
    // A refusal leaves the decoder fit for the next picture.
    expect(decodeSmallJpeg(whole)).toEqual(await decodeBySharp("x", whole));
  });
});

/** A grey JPEG as one of three components, each in a scan of its own, and the last again and again: baseline, valid. */
function manyScans(grey: Buffer, times: number): Buffer {
  const pieces = [grey.subarray(0, 2)];
  let at = 2;
  for (; grey[at + 1] !== 0xda; at += 2 + grey.readUInt16BE(at + 2)) {
    const segment = grey.subarray(at, at + 2 + grey.readUInt16BE(at + 2));
    if (grey[at + 1] !== 0xc0) pieces.push(segment);
    else {
      const size = segment.subarray(4, 9);
      const components = [1, 2, 3].flatMap((id) => [id, 0x11, 0]);
      pieces.push(Buffer.from([0xff, 0xc0, 0, 17]), size, Buffer.from([3, ...components]));
    }
  }
  const data = grey.subarray(at + 2 + grey.readUInt16BE(at + 2), grey.length - 2);
  for (let scan = 0; scan < times; scan++)
    pieces.push(Buffer.from([0xff, 0xda, 0, 8, 1, Math.min(scan + 1, 3), 0, 0, 63, 0]), data);
  return Buffer.concat([...pieces, Buffer.from([0xff, 0xd9])]);
}
