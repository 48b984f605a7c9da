// A million inputs with brought embeddings of d = 512: time, memory and rows a second of the whole pipeline.
import { generateBrought, ingested } from "./pipeline-brought.ts";
import { PipelineWorld } from "./pipeline-worlds.ts";
import { type BenchRow, lessIsBetter, moreIsBetter } from "./report.ts";

const size = { inputs: 1_000_000, width: 512, classCount: 10, conceptCount: 40 };

export async function millionInputs(): Promise<BenchRow[]> {
  const world = await PipelineWorld.open();
  try {
    const parts = await generateBrought(world, size);
    await world.startWorkers(1, 2);
    const { prisma } = world.registration.database;
    const ingestion = await ingested(world, parts.datasetId);
    const run = await world.registration.finished(
      await world.registration.startRun({ ...parts, configuration: { shardSize: 8192 } }),
      3_600_000,
    );
    if (run.status !== "SUCCEEDED") throw new Error(`${run.error}`);
    const stages = await prisma.runProgress.findMany({ where: { runId: run.id } });
    const peak = world.peakMemory();
    const seconds = (Number(run.finishedAt) - Number(run.startedAt)) / 1000;
    const evaluated = run.report?.inputs ?? 0;
    const verdicts = await prisma.verdict.count({ where: { runId: run.id } });
    if (verdicts !== evaluated) throw new Error(`${verdicts} verdicts for ${evaluated} inputs`);
    const label = `${size.inputs} brought inputs, d = m = ${size.width}, C = ${size.conceptCount + size.classCount}`;
    return [
      lessIsBetter(`${label}: whole run`, seconds, null, "s", "1 worker process, 2 jobs at once"),
      lessIsBetter(`${label}: ingestion of the manifest`, ingestion, null, "s"),
      moreIsBetter(`${label}: rows`, size.inputs / seconds, null, "rows/s"),
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
