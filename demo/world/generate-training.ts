import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { attributeNames } from "./attributes.ts";
import { placeNames } from "./backgrounds/place.ts";
import { type Caption, promptCaption, sentenceCaption, vocabulary } from "./captions.ts";
import { classNames } from "./class-names.ts";
import { createRandom } from "./random.ts";
import { renderRgb } from "./render.ts";
import { composeScene } from "./scene.ts";

/** A caption's claims as numbers: class index or -1, kind (0 vehicle, 1 animal, -1 none), attribute bits, place index or -1. */
type Row = readonly [text: string, classIndex: number, kind: number, attributes: number, place: number];

function row({ text, claims }: Caption): Row {
  return [
    text,
    claims.className === null ? -1 : classNames.indexOf(claims.className),
    claims.kind === null ? -1 : claims.kind === "vehicle" ? 0 : 1,
    claims.attributes.reduce((bits, attribute) => bits | (1 << attributeNames.indexOf(attribute)), 0),
    claims.place === null ? -1 : placeNames.indexOf(claims.place),
  ];
}

/** Writes `count` training pictures as raw bytes (`<name>.u8`) and their facts and captions (`<name>.jsonl`). */
export async function generateTraining(folder: string, name: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const pixels = createWriteStream(path.join(folder, `${name}.u8`));
  const facts = createWriteStream(path.join(folder, `${name}.jsonl`));
  const batch = 64 * availableParallelism();
  for (let start = 0; start < count; start += batch) {
    const scenes = Array.from({ length: Math.min(batch, count - start) }, (_, i) => {
      const className = classNames[(start + i) % classNames.length];
      if (className === undefined) throw new RangeError("No class.");
      return composeScene(className, `${name}/${String(start + i)}`);
    });
    const images = await Promise.all(scenes.map((scene) => renderRgb(scene.svg(64))));
    if (!pixels.write(Buffer.concat(images))) await once(pixels, "drain");
    const lines = scenes.map((scene, i) => {
      const random = createRandom("captions", name, start + i);
      const captions = Array.from({ length: 8 }, (_, k) =>
        row(k % 2 === 0 ? promptCaption(scene, random) : sentenceCaption(scene, random)),
      );
      return JSON.stringify({
        label: classNames.indexOf(scene.className),
        attributes: scene.attributes.reduce(
          (bits, attribute) => bits | (1 << attributeNames.indexOf(attribute)),
          0,
        ),
        place: placeNames.indexOf(scene.place),
        captions,
      });
    });
    if (!facts.write(`${lines.join("\n")}\n`)) await once(facts, "drain");
  }
  pixels.end();
  facts.end();
  await Promise.all([once(pixels, "close"), once(facts, "close")]);
}

if (import.meta.url === `file://${process.argv[1] ?? ""}`) {
  const folder = process.argv[2] ?? "train/work";
  const only = process.argv.slice(3);
  const sets: readonly (readonly [string, number])[] = [
    ["classifier", 14000],
    ["vlm", 40000],
  ];
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "vocabulary.json"), JSON.stringify(vocabulary()));
  for (const [name, count] of sets) {
    if (only.length > 0 && !only.includes(name)) continue;
    const began = Date.now();
    await generateTraining(folder, name, count);
    process.stdout.write(
      `${name}: ${String(count)} pictures in ${((Date.now() - began) / 1000).toFixed(1)} s\n`,
    );
  }
}
