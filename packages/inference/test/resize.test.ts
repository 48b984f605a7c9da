import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Interpolation, type RgbImage, resizeRgb } from "../src/resize.ts";

const WIDTH = 61;
const HEIGHT = 43;

/** Gradients, moiré and a hard checkerboard: edges are where resizers differ. */
function pattern(): RgbImage {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      pixels.set(
        [
          (x * 7 + y * 3 + ((x * y) % 5) * 40) % 256,
          (x * x + y * 11) % 256,
          ((x >> 2) + (y >> 2)) % 2 === 1 ? 255 : 0,
        ],
        (y * WIDTH + x) * 3,
      );
  return { width: WIDTH, height: HEIGHT, pixels };
}

describe("resizeRgb", () => {
  // sha256 (first 16 digits) of what Pillow 9.4.0's Image.resize gives for the same picture.
  it.each<[Interpolation, number, number, string]>([
    ["nearest", 20, 15, "a80845bbaa962d36"],
    ["nearest", 97, 130, "bf049156ca09cf53"],
    ["nearest", 61, 20, "e17ef1fdd4089d5a"],
    ["nearest", 30, 43, "9a78369edfe77891"],
    ["nearest", 3, 200, "2bdead5d0ca77579"],
    ["bilinear", 20, 15, "f7f494d807ed0f7c"],
    ["bilinear", 97, 130, "38493bc99822eaa6"],
    ["bilinear", 61, 20, "bae5c99d075dc84a"],
    ["bilinear", 30, 43, "945286aecbb0e751"],
    ["bilinear", 3, 200, "337bef11a48705ae"],
    ["bicubic", 20, 15, "3d2692a77743ac9c"],
    ["bicubic", 97, 130, "b66e8140ea1a9e78"],
    ["bicubic", 61, 20, "9593aceb9f0b501d"],
    ["bicubic", 30, 43, "280c53cc302eff0e"],
    ["bicubic", 3, 200, "e8ee15cc9716b01b"],
    ["lanczos3", 20, 15, "a5fcc00db81a1a55"],
    ["lanczos3", 97, 130, "c3bc2c2a993a7bf7"],
    ["lanczos3", 61, 20, "14cb4011cd144baa"],
    ["lanczos3", 30, 43, "33f1f780612c5562"],
    ["lanczos3", 3, 200, "3277eb0d6dc76b6d"],
  ])("equals Pillow: %s to %ix%i", (interpolation, width, height, digest) => {
    const { pixels } = resizeRgb(pattern(), width, height, interpolation);
    expect(createHash("sha256").update(pixels).digest("hex").slice(0, 16)).toBe(digest);
  });

  it.each<Interpolation>(["nearest", "bilinear", "bicubic", "lanczos3"])(
    "a crop is that part of the whole: %s",
    (interpolation) => {
      const crop = { left: 5, top: 11, width: 17, height: 9 };
      const whole = resizeRgb(pattern(), 40, 30, interpolation);
      const part = resizeRgb(pattern(), 40, 30, interpolation, crop);
      for (let y = 0; y < crop.height; y++) {
        const start = ((crop.top + y) * 40 + crop.left) * 3;
        expect(part.pixels.subarray(y * 51, y * 51 + 51)).toEqual(whole.pixels.subarray(start, start + 51));
      }
    },
  );

  it("refuses a crop that leaves the image", () => {
    const crop = { left: 30, top: 0, width: 20, height: 10 };
    expect(() => resizeRgb(pattern(), 40, 30, "bilinear", crop)).toThrow(RangeError);
  });
});
