import type { Database, Prisma } from "@faultline/db";
import { type RunConfiguration, runConfigurationSchema } from "@faultline/run";
import { remembered } from "../queue/remembered.ts";
import { RunEnded } from "../queue/run-failure.ts";

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

/** @throws RunEnded when the run was deleted */
export const loadRunSubject = remembered(async ({ prisma }: Database, { runId }): Promise<RunSubject> => {
  const run = await prisma.run.findUnique({ where: { id: runId }, include });
  if (!run) throw new RunEnded();
  return {
    run,
    configuration: runConfigurationSchema.parse(run.configuration),
    baseDatasetId: run.dataset.cleanDatasetId ?? run.datasetId,
    attacked: run.dataset.cleanDatasetId !== null,
  };
});
