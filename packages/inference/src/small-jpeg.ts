// The package ships no types; whoever compiles this file needs ours.
/// <reference path="./codec-libjpeg-turbo.d.ts" />
import loadLibjpegTurbo from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs";
import type { RgbImage } from "./resize.ts";

/**
 * Pixels that a picture may have to be decoded here. The calling thread decodes, so it is held up for a few
 * milliseconds at most; beyond, the set-up that is saved no longer matters.
 */
export const MAX_SMALL_JPEG_PIXELS = 512 * 512;

/** Its memory grows to the largest file and never shrinks; an ordinary picture of so few pixels is far smaller. */
const MAX_SMALL_JPEG_BYTES = 2 * 2 ** 20;

const { JPEGDecoder } = await loadLibjpegTurbo();
const decoder = new JPEGDecoder();

/**
 * Decodes an ordinary small JPEG: baseline, three components of 8 bits in one scan, no EXIF (so no orientation to apply), no
 * Adobe marker, at most `MAX_SMALL_JPEG_PIXELS`. Everything else, and whatever libjpeg-turbo so much as warns
 * of, gives undefined: sharp then decides.
 *
 * Pixels are those of sharp to the bit, since libvips decodes by libjpeg-turbo, too. (Damaged tables that still
 * decode overflow differently; here they do so alike on every machine.) What is saved is libvips' set-up: a
 * photograph of 32×32 takes 0.03 ms here and 0.8 ms there. WebAssembly keeps hostile bytes in a sandbox.
 */
export function decodeSmallJpeg(bytes: Uint8Array): RgbImage | undefined {
  return withSmallJpeg(bytes, ({ pixels, ...size }) => ({ ...size, pixels: pixels.slice() }));
}

/** What `use` makes of the image, whose pixels are overwritten by the next one: they must not outlive the call. */
export function withSmallJpeg<T>(bytes: Uint8Array, use: (image: RgbImage) => T): T | undefined {
  const size = bytes.length > MAX_SMALL_JPEG_BYTES ? undefined : ordinaryJpegSize(bytes);
  if (!size || size.width * size.height > MAX_SMALL_JPEG_PIXELS) return undefined;
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
  } catch {
    return undefined;
  }
  const { buffer, byteOffset, length } = decoder.getDecodedBuffer();
  const pixels = new Uint8Array(buffer, byteOffset, length);
  return pixels.length === 3 * size.width * size.height ? use({ ...size, pixels }) : undefined;
}

const SOI = 0xd8;
const SOF0 = 0xc0;
const DHT = 0xc4;
const DAC = 0xcc;
const SOS = 0xda;
const APP1 = 0xe1;
const APP14 = 0xee;

/** Width and height of a JPEG whose headers hold nothing out of the ordinary; undefined for any other file. */
function ordinaryJpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return undefined;
  let size: { width: number; height: number } | undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    // All components in one scan: of several, a file may hold thousands, each as dear as a picture.
    if (marker === SOS) return bytes[at + 4] === 3 ? size : undefined;
    // EXIF and XMP; Adobe's colour transform.
    if (marker === APP1 || marker === APP14) return undefined;
    const isFrame = marker >= SOF0 && marker <= 0xcf && marker !== DHT && marker !== DAC;
    if (isFrame) {
      const [precision, components] = [bytes[at + 4], bytes[at + 9]];
      if (marker !== SOF0 || size || precision !== 8 || components !== 3) return undefined;
      const height = (bytes[at + 5] << 8) | bytes[at + 6];
      const width = (bytes[at + 7] << 8) | bytes[at + 8];
      if (width === 0 || height === 0) return undefined;
      size = { width, height };
    }
    at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }
  return undefined;
}
