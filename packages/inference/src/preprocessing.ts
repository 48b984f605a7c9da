import { z } from "zod";
import { acceptPicture, holdingPicture, UnacceptedPictureError } from "./accepted-picture.ts";
import { InvalidInputError, reasonOf } from "./invalid-input.ts";
import { type RgbImage, resizeRgb } from "./resize.ts";
import { decodeSmallJpeg, withSmallJpeg } from "./small-jpeg.ts";

const channels = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1).max(4096);

/** The largest input of one run in bytes: a picture, or a batch. */
export const LARGEST_BATCH_BYTES = 64 * 2 ** 20;
const MOST_PIXELS = Math.floor(LARGEST_BATCH_BYTES / 12);

/**
 * How an image becomes a network's input: decode, resize, scale to [0, 1], subtract `mean`, divide by
 * `standardDeviation` (per channel, RGB), lay out as channels × height × width float32.
 *
 * - `width`, `height`: the network's input size in pixels, 1 to 4096; together at most 5,592,405 pixels, which are
 *   64 MiB of 32-bit floats.
 * - `resize`: `none` refuses images of another size; `squash` ignores the aspect ratio; `shortest-edge` scales
 *   until the image just covers width×height, then crops the centre (CLIP's and torchvision's evaluation recipe).
 * - `interpolation`: the kernel, antialiased as Pillow's.
 */
export const PreprocessingSpec = z
  .strictObject({
    width: side,
    height: side,
    resize: z.enum(["none", "squash", "shortest-edge"]),
    interpolation: z.enum(["nearest", "bilinear", "bicubic", "lanczos3"]),
    mean: channels,
    standardDeviation: channels.refine((values) => values.every((value) => value > 0), {
      error: "each standard deviation must be greater than 0",
    }),
  })
  .refine(({ width, height }) => width * height <= MOST_PIXELS, {
    path: ["width"],
    error: `width × height is at most ${MOST_PIXELS} pixels, choose a smaller input`,
  });
export type PreprocessingSpec = z.infer<typeof PreprocessingSpec>;

/** An input that cannot be decoded or does not fit the preprocessing spec. `inputId` is the input's external id. */
export class UnreadableImageError extends InvalidInputError {
  readonly inputId: string;
  readonly reason: string;

  constructor(inputId: string, reason: string, options?: ErrorOptions) {
    super(`image ${inputId}`, reason, "Replace the file by a PNG, JPEG or WebP image or remove it", options);
    this.inputId = inputId;
    this.reason = reason;
  }
}

/** How many float32 values one preprocessed image takes: 3 × height × width. */
export function tensorLength(spec: PreprocessingSpec): number {
  return 3 * spec.height * spec.width;
}

/**
 * Decodes a PNG, JPEG or WebP image (first frame) to 8-bit sRGB: EXIF orientation applied, grey expanded, alpha
 * flattened onto black. Colour profiles are ignored, as Pillow ignores them.
 *
 * @param maxPixels fewer than what is accepted anyway
 * @throws UnreadableImageError with the input's id when the bytes are not such an image, are damaged or too large.
 */
export async function decodeImage(id: string, bytes: Uint8Array, maxPixels?: number): Promise<RgbImage> {
  return decodeSmallJpeg(bytes) ?? decodeBySharp(id, bytes, maxPixels);
}

/** `decodeImage` of any PNG, JPEG or WebP, off the calling thread. @throws UnreadableImageError */
export async function decodeBySharp(id: string, bytes: Uint8Array, maxPixels?: number): Promise<RgbImage> {
  try {
    const picture = await acceptPicture(bytes, maxPixels);
    return await holdingPicture(picture.width * picture.height, async () => {
      const { data, info } = await picture
        .pixels()
        .flatten({ background: { r: 0, g: 0, b: 0 } })
        .toColourspace("srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true });
      const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      if (info.channels === 3) return { width: info.width, height: info.height, pixels };
      if (info.channels === 1) return { width: info.width, height: info.height, pixels: greyToRgb(pixels) };
      throw new Error(`has ${info.channels} channels after decoding`);
    });
  } catch (error) {
    const reason = reasonOf(error);
    throw new UnreadableImageError(
      id,
      error instanceof UnacceptedPictureError ? reason : `cannot be decoded: ${reason}`,
      { cause: error },
    );
  }
}

/**
 * Preprocesses one image into `target` from `offset` on (`tensorLength(spec)` values, channels × height × width).
 *
 * @throws UnreadableImageError when the image cannot be decoded, or `resize` is `none` and its size differs.
 */
export async function preprocessImage(
  id: string,
  bytes: Uint8Array,
  spec: PreprocessingSpec,
  target: Float32Array = new Float32Array(tensorLength(spec)),
  offset = 0,
  maxPixels?: number,
): Promise<Float32Array> {
  // In most runs every image is a small JPEG: its pixels go straight from the decoder's memory to the tensor.
  const place = (image: RgbImage) => {
    normalise(fit(id, image, spec), spec, target, offset);
    return target;
  };
  return withSmallJpeg(bytes, place) ?? place(await decodeBySharp(id, bytes, maxPixels));
}

function fit(id: string, image: RgbImage, spec: PreprocessingSpec): RgbImage {
  const { width, height } = spec;
  if (image.width === width && image.height === height) return image;
  switch (spec.resize) {
    case "none":
      throw new UnreadableImageError(
        id,
        `is ${image.width}x${image.height} pixels, but the preprocessing spec takes ${width}x${height} and does not resize`,
      );
    case "squash":
      return resizeRgb(image, width, height, spec.interpolation);
    case "shortest-edge": {
      const widthLimits = image.width * height <= image.height * width;
      const scaledWidth = widthLimits ? width : Math.trunc((height * image.width) / image.height);
      const scaledHeight = widthLimits ? Math.trunc((width * image.height) / image.width) : height;
      const crop = {
        left: halfToEven((scaledWidth - width) / 2),
        top: halfToEven((scaledHeight - height) / 2),
        width,
        height,
      };
      return resizeRgb(image, scaledWidth, scaledHeight, spec.interpolation, crop);
    }
  }
}

/** torchvision's CenterCrop rounds with Python's round(): halves go to the even neighbour. */
function halfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function normalise(image: RgbImage, spec: PreprocessingSpec, target: Float32Array, offset: number): void {
  const { pixels } = image;
  const plane = image.width * image.height;
  const [red, green, blue] = normalisedValues(spec);
  for (let i = 0, p = 0, at = offset; i < plane; i++, p += 3, at++) {
    target[at] = red[pixels[p]];
    target[at + plane] = green[pixels[p + 1]];
    target[at + 2 * plane] = blue[pixels[p + 2]];
  }
}

const normalisedBySpec = new WeakMap<PreprocessingSpec, Float32Array[]>();

/** Per channel, (v/255 - mean) / sd of the 256 possible values v, in float32 steps as torch computes it. */
function normalisedValues(spec: PreprocessingSpec): Float32Array[] {
  const known = normalisedBySpec.get(spec);
  if (known) return known;
  const tables = spec.mean.map((mean, channel) =>
    Float32Array.from(
      { length: 256 },
      (_, value) =>
        Math.fround(Math.fround(value / 255) - Math.fround(mean)) /
        Math.fround(spec.standardDeviation[channel]),
    ),
  );
  normalisedBySpec.set(spec, tables);
  return tables;
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) pixels.fill(grey[i], i * 3, i * 3 + 3);
  return pixels;
}
