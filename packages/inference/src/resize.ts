/** Kernels of `resizeRgb`, named as Pillow and torchvision name them. */
export type Interpolation = "nearest" | "bilinear" | "bicubic" | "lanczos3";

/** Interleaved 8-bit RGB, row-major: pixel (x, y) starts at `3 * (y * width + x)`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A rectangle in pixels of the resized image. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes to `width`×`height` and returns the `crop` of the result; pixels outside the crop are never computed.
 *
 * Own code because networks are trained behind Pillow, and libvips' kernels differ from Pillow's by up to dozens
 * of grey levels at edges. This is Pillow's antialiased convolution (src/libImaging/Resample.c) to the bit: the
 * kernel is widened by the scale when shrinking, coefficients are fixed-point with 22 fraction bits, the
 * horizontal pass comes first and is rounded to 8 bits. Integers only, so every machine gives the same bytes.
 */
export function resizeRgb(
  image: RgbImage,
  width: number,
  height: number,
  interpolation: Interpolation,
  crop: Crop = { left: 0, top: 0, width, height },
): RgbImage {
  if (crop.left < 0 || crop.top < 0 || crop.left + crop.width > width || crop.top + crop.height > height)
    throw new RangeError(`the crop ${JSON.stringify(crop)} does not lie within ${width}x${height}`);
  if (interpolation === "nearest") return nearest(image, width, height, crop);
  const horizontal = taps(image.width, width, crop.left, crop.width, interpolation);
  const vertical = taps(image.height, height, crop.top, crop.height, interpolation);
  const firstRow = vertical.first[0];
  const last = crop.height - 1;
  const lastRow = vertical.first[last] + vertical.count[last];
  const columns = convolveColumns(image, firstRow, lastRow - firstRow, horizontal);
  return convolveRows(columns, crop.width, firstRow, vertical);
}

/** For each output position: the first input position, how many inputs, and their fixed-point weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

const KERNELS: Record<
  Exclude<Interpolation, "nearest">,
  { readonly support: number; readonly weight: (x: number) => number }
> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    // Keys' cubic with a = -1/2.
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
      return 0;
    },
  },
  lanczos3: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function taps(
  inputSize: number,
  outputSize: number,
  start: number,
  length: number,
  interpolation: Exclude<Interpolation, "nearest">,
): Taps {
  const kernel = KERNELS[interpolation];
  const scale = inputSize / outputSize;
  // Pillow skips a pass that would not change the size; a single unit weight is the same.
  const unchanged = inputSize === outputSize;
  const widening = Math.max(1, scale);
  const support = unchanged ? 0.5 : kernel.support * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < length; i++) {
    if (unchanged) {
      first[i] = start + i;
      count[i] = 1;
      weights[i * stride] = 1 << FRACTION_BITS;
      continue;
    }
    const center = (start + i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(inputSize, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let k = 0; k < to - from; k++) {
      exact[k] = kernel.weight((k + from - center + 0.5) * (1 / widening));
      sum += exact[k];
    }
    for (let k = 0; k < to - from; k++) {
      const w = (sum === 0 ? exact[k] : exact[k] / sum) * (1 << FRACTION_BITS);
      weights[i * stride + k] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
    }
    first[i] = from;
    count[i] = to - from;
  }
  return { first, count, weights, stride };
}

function convolveColumns(image: RgbImage, firstRow: number, rows: number, t: Taps): Uint8ClampedArray {
  const { pixels } = image;
  const width = t.first.length;
  const out = new Uint8ClampedArray(rows * width * 3);
  let o = 0;
  for (let y = 0; y < rows; y++) {
    const line = (firstRow + y) * image.width;
    for (let x = 0; x < width; x++) {
      let r = HALF;
      let g = HALF;
      let b = HALF;
      let p = (line + t.first[x]) * 3;
      const w = x * t.stride;
      const n = t.count[x];
      for (let k = 0; k < n; k++, p += 3) {
        const weight = t.weights[w + k];
        r = (r + pixels[p] * weight) | 0;
        g = (g + pixels[p + 1] * weight) | 0;
        b = (b + pixels[p + 2] * weight) | 0;
      }
      out[o++] = r >> FRACTION_BITS;
      out[o++] = g >> FRACTION_BITS;
      out[o++] = b >> FRACTION_BITS;
    }
  }
  return out;
}

function convolveRows(columns: Uint8ClampedArray, width: number, firstRow: number, t: Taps): RgbImage {
  const height = t.first.length;
  const line = width * 3;
  const pixels = new Uint8ClampedArray(height * line);
  for (let y = 0; y < height; y++) {
    const top = (t.first[y] - firstRow) * line;
    const w = y * t.stride;
    const n = t.count[y];
    for (let i = 0; i < line; i++) {
      let sum = HALF;
      for (let k = 0, p = top + i; k < n; k++, p += line) sum = (sum + columns[p] * t.weights[w + k]) | 0;
      pixels[y * line + i] = sum >> FRACTION_BITS;
    }
  }
  return { width, height, pixels: new Uint8Array(pixels.buffer) };
}

function nearest(image: RgbImage, width: number, height: number, crop: Crop): RgbImage {
  const pixels = new Uint8Array(crop.width * crop.height * 3);
  let o = 0;
  for (let y = 0; y < crop.height; y++) {
    const sourceY = Math.trunc((crop.top + y + 0.5) * (image.height / height));
    for (let x = 0; x < crop.width; x++) {
      const sourceX = Math.trunc((crop.left + x + 0.5) * (image.width / width));
      const p = (sourceY * image.width + sourceX) * 3;
      pixels[o++] = image.pixels[p];
      pixels[o++] = image.pixels[p + 1];
      pixels[o++] = image.pixels[p + 2];
    }
  }
  return { width: crop.width, height: crop.height, pixels };
}
