import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
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
