// A million inputs with brought embeddings of d = 512: time, memory and rows a second of the whole pipeline.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { random } from "@faultline/core";
import { npyHeader } from "@faultline/inference";
import { until } from "../apps/worker/test/registration.ts";
import { DirectionalVlm, PipelineWorld } from "./pipeline-worlds.ts";
import { type BenchRow, lessIsBetter, moreIsBetter } from "./report.ts";

const inputs = 1_000_000;
const width = 512;
const classes = Array.from({ length: 10 }, (_, k) => `class ${k}`);
const concepts = Array.from({ length: 40 }, (_, c) => `concept ${c}`);
/** Inputs that are written at a time. */
const step = 10_000;

/** Splits: 5 % fit the alignment, 5 % calibrate, the rest is evaluated. */
const splitOf = (i: number) => (i % 20 === 0 ? "alignment" : i % 20 === 1 ? "calibration" : "test");

export async function millionInputs(): Promise<BenchRow[]> {
  const world = await PipelineWorld.open();
  try {
    const parts = await generate(world);
    await world.startWorkers(1, 2);
    const { prisma } = world.registration.database;
    const ingesting = performance.now();
    const dataset = await until(async () => {
      const held = await prisma.dataset.findUniqueOrThrow({ where: { id: parts.datasetId } });
      return held.status === "INGESTING" ? undefined : held;
    }, 600_000);
    if (dataset.status !== "READY") throw new Error(`${dataset.error}`);
    const ingestion = (performance.now() - ingesting) / 1000;
    const run = await world.registration.finished(
      await world.registration.startRun({ ...parts, configuration: { shardSize: 8192 } }),
      3_600_000,
    );
    if (run.status !== "SUCCEEDED") throw new Error(`${run.error}`);
    const stages = await prisma.runProgress.findMany({ where: { runId: run.id } });
    const peak = await world.stopWorkers();
    const seconds = (Number(run.finishedAt) - Number(run.startedAt)) / 1000;
    const evaluated = run.report?.inputs ?? 0;
    const verdicts = await prisma.verdict.count({ where: { runId: run.id } });
    if (verdicts !== evaluated) throw new Error(`${verdicts} verdicts for ${evaluated} inputs`);
    const label = `${inputs} brought inputs, d = m = ${width}, C = ${concepts.length + classes.length}`;
    return [
      lessIsBetter(`${label}: whole run`, seconds, null, "s", "1 worker process, 2 jobs at once"),
      lessIsBetter(`${label}: ingestion of the manifest`, ingestion, null, "s"),
      moreIsBetter(`${label}: rows`, inputs / seconds, null, "rows/s"),
      lessIsBetter(
        `${label}: peak memory of the worker`,
        peak,
        { name: "limit of 1.5 GB", value: 1.5e9 / 2 ** 20 },
        "MiB",
      ),
      ...stages.map(({ stage, startedAt, finishedAt }) =>
        lessIsBetter(`${label}: stage ${stage}`, (Number(finishedAt) - Number(startedAt)) / 1000, null, "s"),
      ),
    ];
  } finally {
    await world.close();
  }
}

/**
 * Made-up numbers with the structure of real ones: a picture has a class and a VLM embedding about that class's
 * direction; the classifier's embedding is a rotation of it with noise of its own; logits are cosines-like scores
 * of a class that is sometimes another one.
 */
async function generate({ registration, folder }: PipelineWorld) {
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
  const dataset = await database.prisma.dataset.create({ data: { projectId, name: "a million", classes } });
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
