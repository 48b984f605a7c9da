import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { encodePng, pictureSize } from "./render.ts";
import { archivePath, splitEntries } from "./splits.ts";
import { packTar } from "./tar.ts";

/** Packs an attacked test split, raw bytes in order of id, into an archive with the clean pictures' paths. */
export async function packAttack(rawFile: string, archive: string): Promise<void> {
  const raw = await readFile(rawFile);
  const bytes = pictureSize * pictureSize * 3;
  const files = await Promise.all(
    splitEntries("test").map(async (entry, i) => ({
      name: archivePath(entry),
      content: await encodePng(raw.subarray(i * bytes, (i + 1) * bytes)),
    })),
  );
  await writeFile(archive, packTar(files));
}

if (import.meta.url === `file://${process.argv[1] ?? ""}`) {
  const data = process.argv[2] ?? "data";
  const work = process.argv[3] ?? "train/work";
  for (const attack of ["fgsm", "pgd"])
    await packAttack(path.join(work, `${attack}.u8`), path.join(data, `menagerie-${attack}.tar`));
}
