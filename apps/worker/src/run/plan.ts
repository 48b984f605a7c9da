import type { ArtifactStore } from "@faultline/db";
import type pg from "pg";
import { z } from "zod";
import { storedMatrix } from "../shards/stored-matrix.ts";
import { remembered } from "./remembered.ts";
import { RunEnded } from "./run-failure.ts";
import { shardResults } from "./run-state.ts";

const datasetPlan = z.object({
  datasetId: z.uuid(),
  /** Artifact with one byte of ROLE bits an input, in order of position. */
  rolesSha256: z.string(),
  /** The model's class number of each class of the dataset. */
  classNumbers: z.array(z.int()),
  /** The whole matrices that were brought for this dataset; what is missing comes from the networks. */
  brought: z.object({
    embedding: storedMatrix.nullable(),
    logits: storedMatrix.nullable(),
    imageEmbedding: storedMatrix.nullable(),
  }),
});
export type DatasetPlan = z.infer<typeof datasetPlan>;

const runPlan = z.object({
  /** The attempt of the run that it was made for. */
  attempt: z.int(),
  /** The base dataset first, then the attacked one where there is one. */
  datasets: z.array(datasetPlan).min(1).max(2),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});

/** What plan-run decided for the attempt; every later job reads it instead of deciding again. */
export type RunPlan = z.infer<typeof runPlan>;

export async function findPlan(pool: pg.Pool, runId: string): Promise<RunPlan | undefined> {
  const [planned] = await shardResults(pool, runId, "PLAN", runPlan);
  return planned?.result;
}

/** @throws RunEnded when there is none (any more): a newer attempt is about to plan */
export const readPlan = remembered(async (pool: pg.Pool, { runId, attempt }): Promise<RunPlan> => {
  const plan = await findPlan(pool, runId);
  if (plan?.attempt !== attempt) throw new RunEnded();
  return plan;
});

export function datasetPlanOf(plan: RunPlan, datasetId: string): DatasetPlan {
  const found = plan.datasets.find((dataset) => dataset.datasetId === datasetId);
  if (!found) throw new Error(`the plan has no dataset ${datasetId}`);
  return found;
}

/** ROLE bits of the inputs at positions first..end-1. */
export function readRoles(
  store: ArtifactStore,
  plan: DatasetPlan,
  { firstPosition, endPosition }: { firstPosition: number; endPosition: number },
): Promise<Uint8Array> {
  return store.readRange(plan.rolesSha256, firstPosition, endPosition - firstPosition);
}
