import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const preprocessing = z.object({
  width: z.int(),
  height: z.int(),
  resize: z.string(),
  interpolation: z.string(),
  mean: z.array(z.number()).length(3),
  standardDeviation: z.array(z.number()).length(3),
});

const manifestSchema = z.object({
  name: z.string(),
  classes: z.array(z.string()),
  conceptSet: z.object({
    name: z.string(),
    templates: z.array(z.string()),
    concepts: z.array(z.object({ name: z.string(), phrase: z.string() })),
  }),
  vlm: z.object({
    name: z.string(),
    imageTower: z.string(),
    textTower: z.string(),
    tokenizer: z.string(),
    preprocessing,
  }),
  model: z.object({
    name: z.string(),
    description: z.string(),
    preprocessing,
    versions: z.array(
      z.object({ name: z.string(), description: z.string(), encoder: z.string(), head: z.string() }),
    ),
  }),
  datasets: z.object({ clean: z.object({ name: z.string(), archive: z.string() }) }),
  attacks: z.array(
    z.object({
      name: z.string(),
      norm: z.string(),
      epsilon: z.number(),
      steps: z.int(),
      stepSize: z.number(),
      modelVersion: z.string(),
      archive: z.string(),
    }),
  ),
  runs: z.array(z.object({ modelVersion: z.string(), attack: z.string().nullable() })),
});

/** demo/menagerie.json: what the demo registers and runs. Paths in it are relative to demo/. */
export type Manifest = z.infer<typeof manifestSchema>;

export function readManifest(): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(demoPath("menagerie.json"), "utf8")));
}

/** Absolute path of a file named in the manifest. */
export function demoPath(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}
