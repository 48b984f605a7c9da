import sharp from "sharp";

const pixels = Buffer.from(Array.from({ length: 12 * 9 * 3 }, (_, i) => (i * 37) % 256));
const image = () => sharp(pixels, { raw: { width: 12, height: 9, channels: 3 } });

/** One small picture in each format that is read. */
export const pictures = {
  jpeg: await image().jpeg({ quality: 60 }).toBuffer(),
  progressive: await image().jpeg({ progressive: true }).toBuffer(),
  grey: await image().greyscale().jpeg().toBuffer(),
  oriented: await image().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  png: await image().png().toBuffer(),
  palette: await image().png({ palette: true }).toBuffer(),
  webp: await image().webp().toBuffer(),
};
