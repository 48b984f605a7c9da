import pLimit from "p-limit";
import sharp, { type Sharp } from "sharp";

// Which files are pictures here: the one rule, for what is embedded and for what is shown.

// Batches give the parallelism; one libvips thread per image keeps N workers on a machine from fighting.
sharp.concurrency(1);
sharp.cache(false);

/** A photograph of 5,000×5,000. Decoding what is made to be dear (progressive, 16 bits) takes some 12 bytes a pixel. */
export const MAX_PICTURE_PIXELS = 25_000_000;

/** Of each side: a line of millions of pixels would cost more to resize than its pixels tell. */
export const MAX_PICTURE_SIDE = 16_384;

export const MAX_PICTURE_BYTES = 64 * 2 ** 20;

/** From this size on, pictures are dear enough to be decoded one at a time in a process. */
export const LARGE_PICTURE_PIXELS = 4_000_000;

/** Longest time for one picture, in seconds. */
const DEADLINE = 40;

export type PictureFormat = "png" | "jpeg" | "webp";

/** The format that the first 12 bytes tell; undefined for whatever is not accepted (SVG, PDF, TIFF, GIF, ...). */
export function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  const starts = (signature: number[], at = 0) => signature.every((byte, i) => bytes[at + i] === byte);
  if (starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  if (starts([0xff, 0xd8, 0xff])) return "jpeg";
  if (starts([0x52, 0x49, 0x46, 0x46]) && starts([0x57, 0x45, 0x42, 0x50], 8)) return "webp";
  return undefined;
}

/** A file that is not accepted as a picture. The message is the reason, to follow on "the picture". */
export class UnacceptedPictureError extends Error {
  override readonly name = "UnacceptedPictureError";
}

/** An accepted picture, of which nothing but the header was read. */
export interface AcceptedPicture {
  readonly format: PictureFormat;
  /** In pixels, upright: after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /**
   * Its pixels, upright: the first frame, colour profiles ignored. Damage makes the pipeline fail, and so does taking
   * longer than 40 seconds.
   */
  pixels(): Sharp;
}

/**
 * Width and height as the header of a PNG has them; undefined where there is none, and where an orientation may follow.
 * In a run of many small PNGs, asking libvips for them takes as long as decoding.
 */
function pngSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 33 || file.toString("latin1", 12, 16) !== "IHDR") return undefined;
  if (file.includes("eXIf")) return undefined;
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
}

async function uprightSize(bytes: Uint8Array): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(bytes, { limitInputPixels: false, pages: 1 })
    .metadata()
    .catch((error: Error) => {
      throw new UnacceptedPictureError(`cannot be decoded: ${error.message}`, { cause: error });
    });
  return autoOrient;
}

/**
 * Looks at a file's header. Only the decoders of PNG, JPEG and WebP ever see the bytes: libvips would also take SVG, PDF
 * and others.
 *
 * @param maxPixels at most MAX_PICTURE_PIXELS
 * @throws UnacceptedPictureError for another format, a damaged header, or too many bytes or pixels
 */
export async function acceptPicture(
  bytes: Uint8Array,
  maxPixels = MAX_PICTURE_PIXELS,
): Promise<AcceptedPicture> {
  const format = pictureFormat(bytes);
  if (!format) throw new UnacceptedPictureError("is not a PNG, JPEG or WebP image");
  if (bytes.length > MAX_PICTURE_BYTES)
    throw new UnacceptedPictureError(`has ${bytes.length} bytes, more than ${MAX_PICTURE_BYTES}`);
  const { width, height } = (format === "png" ? pngSize(bytes) : undefined) ?? (await uprightSize(bytes));
  if (width * height > maxPixels)
    throw new UnacceptedPictureError(`has ${width}×${height} pixels, over the pixel limit of ${maxPixels}`);
  if (Math.max(width, height) > MAX_PICTURE_SIDE)
    throw new UnacceptedPictureError(`has ${width}×${height} pixels; a side has at most ${MAX_PICTURE_SIDE}`);
  const pixels = () =>
    sharp(bytes, { limitInputPixels: MAX_PICTURE_PIXELS, ignoreIcc: true, pages: 1 })
      .timeout({ seconds: DEADLINE })
      .autoOrient();
  return { format, width, height, pixels };
}

const large = pLimit(1);

/** Does work that holds a whole picture of so many pixels: with large ones, one at a time. */
export function holdingPicture<T>(pixels: number, work: () => Promise<T>): Promise<T> {
  return pixels > LARGE_PICTURE_PIXELS ? large(work) : work();
}
