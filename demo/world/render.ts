import sharp from "sharp";

/** The side of a Menagerie picture in pixels. */
export const pictureSize = 64;

/** Renders an SVG document to packed RGB bytes, three a pixel. */
export async function renderRgb(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
}

/** Packs RGB bytes into a lossless PNG. */
export async function encodePng(pixels: Buffer, width = pictureSize, height = pictureSize): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}
