import { type Database, type Prisma, type RunConfiguration, runConfigurationSchema } from "@faultline/db";
import { LRUCache } from "lru-cache";
import { RunEnded } from "./run-failure.ts";
import type { RunReference } from "./run-state.ts";

const include = {
  modelVersion: true,
  visionLanguageModel: true,
  conceptSet: { include: { concepts: { orderBy: { position: "asc" } } } },
  dataset: { include: { attackType: true } },
} satisfies Prisma.RunInclude;

type RunRow = Prisma.RunGetPayload<{ include: typeof include }>;

/** A run with everything that it reads: immutable rows, so that every job of the run sees the same. */
export interface RunSubject {
  run: RunRow;
  configuration: RunConfiguration;
  /** Where alignment and calibration come from: the clean dataset of an attacked one, else the run's own. */
  baseDatasetId: string;
  attacked: boolean;
}

/** Subjects by run and attempt: a run's jobs come one after another, and reading this takes longer than some of them. */
const remembered = new LRUCache<string, RunSubject, Database>({
  max: 16,
  fetchMethod: (key, _, { context }) => readRunSubject(context, key.split("/")[0]),
});

/** @throws RunEnded when the run was deleted */
export function loadRunSubject(database: Database, { runId, attempt }: RunReference): Promise<RunSubject> {
  return remembered.forceFetch(`${runId}/${attempt}`, { context: database });
}

async function readRunSubject({ prisma }: Database, runId: string): Promise<RunSubject> {
  const run = await prisma.run.findUnique({ where: { id: runId }, include });
  if (!run) throw new RunEnded();
  return {
    run,
    configuration: runConfigurationSchema.parse(run.configuration),
    baseDatasetId: run.dataset.cleanDatasetId ?? run.datasetId,
    attacked: run.dataset.cleanDatasetId !== null,
  };
}
