import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { packTar, type TarFile, unpackTar } from "../../../demo/world/tar.ts";
import type { Registration } from "./registration.ts";

const demo = fileURLToPath(new URL("../../../demo/", import.meta.url));

interface Manifest {
  classes: string[];
  conceptSet: { templates: string[]; concepts: { phrase: string }[] };
  vlm: {
    imageTower: string;
    textTower: string;
    tokenizer: string;
    embeddingSize: number;
    preprocessing: object;
  };
  model: {
    preprocessing: object;
    versions: { name: string; encoder: string; head: string; embeddingSize: number }[];
  };
  datasets: { clean: { archive: string } };
  attacks: { name: string; archive: string }[];
}

/** The shipped world of demo/, as its manifest describes it. */
export const menagerie = JSON.parse(readFileSync(`${demo}menagerie.json`, "utf8")) as Manifest;
export const menageriePhrases = menagerie.conceptSet.concepts.map(({ phrase }) => phrase);

export const demoFile = (path: string) => `${demo}${path}`;

export function registerMenagerieVlm(registration: Registration): Promise<string> {
  const { vlm } = menagerie;
  return registration.vlm({
    embeddingWidth: vlm.embeddingSize,
    imageTower: demoFile(vlm.imageTower),
    textTower: demoFile(vlm.textTower),
    tokenizer: demoFile(vlm.tokenizer),
    preprocessing: vlm.preprocessing,
  });
}

export function registerMenagerieVersion(registration: Registration, name: string): Promise<string> {
  const version = menagerie.model.versions.find((held) => held.name === name);
  if (!version) throw new Error(`Menagerie has no version ${name}`);
  return registration.modelVersion({
    classes: menagerie.classes,
    embeddingWidth: version.embeddingSize,
    encoder: demoFile(version.encoder),
    head: demoFile(version.head),
    preprocessing: menagerie.model.preprocessing,
  });
}

let files: TarFile[] | undefined;

/** The files of Menagerie's clean archive. */
export function menagerieFiles(): readonly TarFile[] {
  files ??= unpackTar(readFileSync(demoFile(menagerie.datasets.clean.archive)));
  return files;
}

/**
 * An archive with every n-th picture of each split (0: none), plus other files.
 */
export function menagerieArchive(
  every: { alignment?: number; calibration?: number; test?: number },
  others: readonly TarFile[] = [],
): Buffer {
  const counts: Record<string, number> = {};
  const chosen = menagerieFiles().filter(({ name }) => {
    const split = name.split("/")[0] as keyof typeof every;
    counts[split] = (counts[split] ?? 0) + 1;
    const n = every[split] ?? 0;
    return n > 0 && counts[split] % n === 0;
  });
  return packTar([...chosen, ...others]);
}
