// What a run costs, and how that grows: `npm run bench scaling [-- --json FILE]`
//
// Generated runs with brought embeddings (d = 512), each in a fresh database by a fresh worker process: a base, and
// one with more inputs, concepts or classes each; a second model version on the base's dataset. Slopes are
// differences between two runs, per unit. ARCHITECTURE.md, "Scaling", reckons with these numbers.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type BroughtParts, type BroughtSize, generateBrought, ingested } from "./pipeline-brought.ts";
import { PipelineWorld } from "./pipeline-worlds.ts";
import { type BenchRow, lessIsBetter, moreIsBetter, report } from "./report.ts";

const base: BroughtSize = { inputs: 20_000, width: 512, classCount: 10, conceptCount: 40 };
const moreInputs: BroughtSize = { ...base, inputs: 100_000 };
const moreConcepts: BroughtSize = { ...base, conceptCount: 160 };
const moreClasses: BroughtSize = { ...base, classCount: 40 };

/** What one run took and left behind. */
interface Cost {
  /** Processor time of the worker. */
  seconds: number;
  /** Largest resident memory of the worker since it started, bytes. */
  peakMemory: number;
  artifactBytes: number;
  /** The whole database's growth. */
  databaseBytes: number;
  /** The run's partition of `verdict`: its rows, its bytes with indexes and without. */
  verdicts: number;
  verdictBytes: number;
  verdictHeapBytes: number;
  heatmapBytes: number;
  /** From the start of the VERDICTS stage to the publication: COPY, indexes, ANALYZE, attaching. */
  publishSeconds: number;
}

const rows: BenchRow[] = [];
const first = await measure(base, "base", { secondVersion: true });
const inputs = await measure(moreInputs, "more inputs");
const concepts = await measure(moreConcepts, "more concepts");
const classes = await measure(moreClasses, "more classes");

slopes("further input", first, inputs, moreInputs.inputs - base.inputs);
slopes("further concept", first, concepts, moreConcepts.conceptCount - base.conceptCount);
slopes("further class", first, classes, moreClasses.classCount - base.classCount);
rows.push(
  lessIsBetter("per verdict: bytes with indexes", inputs.verdictBytes / inputs.verdicts, null, "B"),
  lessIsBetter("per verdict: bytes without indexes", inputs.verdictHeapBytes / inputs.verdicts, null, "B"),
  moreIsBetter("verdicts published", inputs.verdicts / inputs.publishSeconds, null, "rows/s"),
);
report("scaling", rows);

function slopes(unit: string, from: Cost, to: Cost, units: number): void {
  const slope = (value: (cost: Cost) => number) => (value(to) - value(from)) / units;
  rows.push(
    lessIsBetter(`per ${unit}: processor time`, 1000 * slope(({ seconds }) => seconds), null, "ms"),
    lessIsBetter(`per ${unit}: peak memory`, slope(({ peakMemory }) => peakMemory) / 1024, null, "KiB"),
    lessIsBetter(`per ${unit}: artifacts`, slope(({ artifactBytes }) => artifactBytes) / 1024, null, "KiB"),
    lessIsBetter(`per ${unit}: database`, slope(({ databaseBytes }) => databaseBytes) / 1024, null, "KiB"),
    lessIsBetter(
      `per ${unit}: heatmaps in the database`,
      slope(({ heatmapBytes }) => heatmapBytes) / 1024,
      null,
      "KiB",
    ),
  );
}

async function measure(size: BroughtSize, name: string, { secondVersion = false } = {}): Promise<Cost> {
  const world = await PipelineWorld.open();
  try {
    const parts = await generateBrought(world, size);
    await world.startWorkers(1, 2);
    await ingested(world, parts.datasetId);
    const cost = await costOfRun(world, parts);
    const second = secondVersion
      ? await costOfRun(world, { ...parts, modelVersionId: await copyVersion(world, parts) })
      : undefined;
    const label = `${name}: N = ${size.inputs}, C = ${size.conceptCount} + ${size.classCount}, K = ${size.classCount}`;
    rows.push(
      lessIsBetter(`${label}: processor time`, cost.seconds, null, "s"),
      lessIsBetter(`${label}: peak memory`, cost.peakMemory / 2 ** 20, null, "MiB"),
      lessIsBetter(`${label}: artifacts`, cost.artifactBytes / 2 ** 20, null, "MiB"),
      lessIsBetter(`${label}: database`, cost.databaseBytes / 2 ** 20, null, "MiB"),
    );
    if (second)
      rows.push(
        lessIsBetter("per further version: processor time", second.seconds, null, "s", label),
        lessIsBetter("per further version: database", second.databaseBytes / 2 ** 20, null, "MiB"),
      );
    return cost;
  } finally {
    await world.close();
  }
}

async function costOfRun(world: PipelineWorld, parts: BroughtParts): Promise<Cost> {
  const { prisma, pool } = world.registration.database;
  const before = { seconds: world.workerSeconds(), ...(await stored(world)) };
  const run = await world.registration.finished(await world.registration.startRun(parts), 600_000);
  if (run.status !== "SUCCEEDED") throw new Error(`${run.error}`);
  const after = { seconds: world.workerSeconds(), ...(await stored(world)) };
  const { rows: partitions } = await pool.query<{ whole: number; heap: number }>(
    `SELECT pg_total_relation_size(child.oid)::float8 AS whole, pg_table_size(child.oid)::float8 AS heap
     FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
     WHERE inhparent = 'verdict'::regclass AND child.relname LIKE $1`,
    [`${run.id}%`],
  );
  const { rows: heatmaps } = await pool.query<{ bytes: number }>(
    "SELECT coalesce(sum(pg_column_size(heatmap.*)), 0)::float8 AS bytes FROM heatmap WHERE run_id = $1",
    [run.id],
  );
  const publishing = await prisma.runProgress.findFirstOrThrow({
    where: { runId: run.id, stage: "VERDICTS" },
  });
  return {
    seconds: after.seconds - before.seconds,
    peakMemory: world.peakMemory() * 2 ** 20,
    artifactBytes: after.artifactBytes - before.artifactBytes,
    databaseBytes: after.databaseBytes - before.databaseBytes,
    verdicts: await prisma.verdict.count({ where: { runId: run.id } }),
    verdictBytes: partitions[0].whole,
    verdictHeapBytes: partitions[0].heap,
    heatmapBytes: heatmaps[0].bytes,
    publishSeconds: (Number(publishing.finishedAt) - Number(publishing.startedAt)) / 1000,
  };
}

async function stored({ folder, registration }: PipelineWorld) {
  const { rows } = await registration.database.pool.query<{ bytes: number }>(
    "SELECT pg_database_size(current_database())::float8 AS bytes",
  );
  const artifacts = join(folder, "artifacts");
  const artifactBytes = readdirSync(artifacts, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(artifacts, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
  return { databaseBytes: rows[0].bytes, artifactBytes };
}

/** A version that brings the same matrices: what a run of it adds is the run's alone. */
async function copyVersion(
  { registration }: PipelineWorld,
  { datasetId, modelVersionId }: BroughtParts,
): Promise<string> {
  const { prisma } = registration.database;
  const version = await prisma.modelVersion.findUniqueOrThrow({ where: { id: modelVersionId } });
  const copy = await registration.modelVersion({
    classes: version.classes,
    embeddingWidth: version.embeddingWidth,
  });
  for (const { kind, artifactSha256, rows, columns } of await prisma.embeddingSet.findMany({
    where: { datasetId, modelVersionId },
  }))
    await prisma.embeddingSet.create({
      data: { datasetId, modelVersionId: copy, kind, artifactSha256, rows, columns },
    });
  return copy;
}
