// Generated runs of any size with brought embeddings, for `pipeline` and `scaling`.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { random } from "@faultline/core";
import { npyHeader } from "@faultline/inference";
import { until } from "../apps/worker/test/registration.ts";
import { DirectionalVlm, type PipelineWorld } from "./pipeline-worlds.ts";

export interface BroughtSize {
  /** A multiple of 10,000, or less than that. */
  readonly inputs: number;
  /** d = m: values of an embedding, the classifier's and the VLM's. */
  readonly width: number;
  readonly classCount: number;
  readonly conceptCount: number;
}

/** What a run over the generated inputs is started with. */
export interface BroughtParts {
  readonly modelVersionId: string;
  readonly visionLanguageModelId: string;
  readonly conceptSetId: string;
  readonly datasetId: string;
}

/** Inputs that are written at a time. */
const maximumStep = 10_000;

const splitOf = (i: number) => (i % 20 === 0 ? "alignment" : i % 20 === 1 ? "calibration" : "test");

/** Waits until a dataset can be used. @returns the seconds that it took */
export async function ingested({ registration }: PipelineWorld, datasetId: string): Promise<number> {
  const start = performance.now();
  const { status, error } = await until(async () => {
    const held = await registration.database.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
    return held.status === "INGESTING" ? undefined : held;
  }, 600_000);
  if (status !== "READY") throw new Error(`${error}`);
  return (performance.now() - start) / 1000;
}

/**
 * Made-up numbers with the structure of real ones: a picture has a class and a VLM embedding about that class's
 * direction; the classifier's embedding is a rotation of it with noise of its own; logits are cosines-like scores
 * of a class that is sometimes another one. 5 % of the inputs fit the alignment, 5 % calibrate, the rest is evaluated.
 */
export async function generateBrought(
  { registration, folder }: PipelineWorld,
  { inputs, width, classCount, conceptCount }: BroughtSize,
): Promise<BroughtParts> {
  const classes = Array.from({ length: classCount }, (_, k) => `class ${k}`);
  const concepts = Array.from({ length: conceptCount }, (_, c) => `concept ${c}`);
  const step = Math.min(inputs, maximumStep);
  const vlm = new DirectionalVlm(classes.length + concepts.length, width);
  const uniform = random(11);
  const [embeddings, imageEmbeddings, logits] = ["embeddings", "image-embeddings", "logits"].map((name) =>
    createWriteStream(join(folder, `${name}.npy`)),
  );
  embeddings.write(npyHeader("f4", [inputs, width]));
  imageEmbeddings.write(npyHeader("f4", [inputs, width]));
  logits.write(npyHeader("f4", [inputs, classes.length]));
  const manifest: Buffer[] = [];
  const image = new Float32Array(width);
  for (let from = 0; from < inputs; from += step) {
    const parts = [
      new Float32Array(step * width),
      new Float32Array(step * width),
      new Float32Array(step * classes.length),
    ];
    const lines: string[] = [];
    for (let k = 0; k < step; k++) {
      const label = Math.floor(uniform() * classes.length);
      // One in ten is taken for another class, half of them with a hidden space that moved along.
      const wrong = uniform() < 0.1;
      const seen = wrong ? Math.floor(uniform() * classes.length) : label;
      const moved = wrong && uniform() < 0.5;
      vlm.embed(label, image);
      parts[1].set(image, k * width);
      if (moved) vlm.embed(seen, image);
      for (let j = 0; j < width; j++)
        parts[0][k * width + j] =
          image[(j + 17) % width] + 0.1 * image[(j * 7 + 3) % width] + (uniform() - 0.5) / 8;
      for (let c = 0; c < classes.length; c++)
        parts[2][k * classes.length + c] = (c === seen ? 4 : 0) + 2 * uniform();
      lines.push(`{"id":"input-${from + k}","split":"${splitOf(from + k)}","label":"${classes[label]}"}\n`);
    }
    manifest.push(Buffer.from(lines.join("")));
    for (const [p, stream] of [embeddings, imageEmbeddings, logits].entries())
      if (!stream.write(new Uint8Array(parts[p].buffer)))
        await new Promise<void>((resolve) => stream.once("drain", resolve));
  }
  const { database, store, projectId } = registration;
  const stored = await Promise.all(
    [embeddings, imageEmbeddings, logits].map(async (stream) => {
      stream.end();
      await finished(stream);
      return (await store.putFile(String(stream.path))).sha256;
    }),
  );
  const manifestSha256 = (await store.put(Buffer.concat(manifest))).sha256;
  const dataset = await database.prisma.dataset.create({
    data: { projectId, name: `${inputs} inputs, ${classCount} classes, ${conceptCount} concepts`, classes },
  });
  await database.pool.query("SELECT graphile_worker.add_job('ingest-dataset', $1::json)", [
    JSON.stringify({ datasetId: dataset.id, archiveSha256: null, manifestSha256 }),
  ]);
  const modelVersionId = await registration.modelVersion({ classes, embeddingWidth: width });
  const visionLanguageModelId = await registration.vlm({
    embeddingWidth: width,
    phrases: { phrases: [...classes, ...concepts], embeddings: vlm.classVectors },
  });
  const owners = [{ modelVersionId }, { visionLanguageModelId }, { modelVersionId }];
  for (const [i, kind] of (["EMBEDDING", "IMAGE_EMBEDDING", "LOGITS"] as const).entries())
    await database.prisma.embeddingSet.create({
      data: {
        datasetId: dataset.id,
        kind,
        ...owners[i],
        artifactSha256: stored[i],
        rows: inputs,
        columns: kind === "LOGITS" ? classes.length : width,
      },
    });
  return {
    modelVersionId,
    visionLanguageModelId,
    conceptSetId: await registration.conceptSet(concepts),
    datasetId: dataset.id,
  };
}
