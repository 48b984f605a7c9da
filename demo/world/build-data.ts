import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Attribute, attributeNames } from "./attributes.ts";
import type { PlaceName } from "./backgrounds/place.ts";
import { sentenceCaption } from "./captions.ts";
import type { ClassName } from "./class-names.ts";
import { createRandom } from "./random.ts";
import { encodePng, renderRgb } from "./render.ts";
import { composeScene } from "./scene.ts";
import { archivePath, type SplitName, splitEntries, splitSizes } from "./splits.ts";
import { packTar, type TarFile } from "./tar.ts";

/** What is true of a shipped picture. */
export interface PictureFacts {
  readonly split: SplitName;
  readonly class: ClassName;
  readonly attributes: readonly Attribute[];
  readonly place: PlaceName;
  readonly light: string;
  readonly caption: string;
}

/** Renders the shipped splits into `menagerie.tar` and `attributes.json`, and their raw bytes for training. */
export async function buildData(dataFolder: string, workFolder: string): Promise<void> {
  await Promise.all([mkdir(dataFolder, { recursive: true }), mkdir(workFolder, { recursive: true })]);
  const files: TarFile[] = [];
  const facts: Record<string, PictureFacts> = {};
  const raw: Buffer[] = [];
  for (const split of Object.keys(splitSizes) as SplitName[]) {
    const entries = splitEntries(split);
    for (let start = 0; start < entries.length; start += 100) {
      await Promise.all(
        entries.slice(start, start + 100).map(async (entry) => {
          const scene = composeScene(entry.className, entry.seed);
          const pixels = await renderRgb(scene.svg(64));
          return { entry, scene, pixels, png: await encodePng(pixels) };
        }),
      ).then((done) => {
        for (const { entry, scene, pixels, png } of done) {
          files.push({ name: archivePath(entry), content: png });
          raw.push(pixels);
          facts[entry.id] = {
            split,
            class: entry.className,
            attributes: scene.attributes,
            place: scene.place,
            light: scene.light,
            caption: sentenceCaption(scene, createRandom("caption", entry.id)).text,
          };
        }
      });
    }
  }
  await writeFile(path.join(dataFolder, "menagerie.tar"), packTar(files));
  await writeFile(path.join(workFolder, "evaluation.u8"), Buffer.concat(raw));
  const lines = Object.entries(facts).map(([id, fact]) => `${JSON.stringify(id)}:${JSON.stringify(fact)}`);
  await writeFile(
    path.join(dataFolder, "attributes.json"),
    `{"attributes":${JSON.stringify(attributeNames)},"pictures":{\n${lines.join(",\n")}\n}}\n`,
  );
}

if (import.meta.url === `file://${process.argv[1] ?? ""}`)
  await buildData(process.argv[2] ?? "data", process.argv[3] ?? "train/work");
