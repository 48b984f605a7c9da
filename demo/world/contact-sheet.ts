import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { classNames } from "./class-names.ts";
import { composeScene } from "./scene.ts";

/** Renders a sheet with one row a class; each picture is drawn at `size` pixels, then shown at `shown`. */
export async function contactSheet(
  columns: number,
  size: number,
  shown: number,
  gap: number,
  seed: string,
): Promise<Buffer> {
  const step = shown + gap;
  const tiles = await Promise.all(
    classNames.flatMap((className, row) =>
      Array.from({ length: columns }, async (_, column) => ({
        input: await sharp(Buffer.from(composeScene(className, `${seed}/${String(column)}`).svg(size)))
          .resize(shown, shown, { kernel: "nearest" })
          .png()
          .toBuffer(),
        left: gap + column * step,
        top: gap + row * step,
      })),
    ),
  );
  return sharp({
    create: {
      width: columns * step + gap,
      height: classNames.length * step + gap,
      channels: 3,
      background: "#12141a",
    },
  })
    .composite(tiles)
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}

const [file, columns = "12", size = "64", shown = size, seed = "sheet"] = process.argv.slice(2);
if (import.meta.url === `file://${process.argv[1] ?? ""}` && file !== undefined) {
  await writeFile(file, await contactSheet(Number(columns), Number(size), Number(shown), 4, seed));
}
