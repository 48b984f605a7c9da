import type { ArtifactStore } from "@faultline/db";
import type { DatasetPlan, RunPlan } from "@faultline/run";
import type pg from "pg";
import { remembered } from "../../queue/remembered.ts";
import { RunEnded } from "../../queue/run-failure.ts";
import { handedOver } from "../../queue/run-state.ts";

/** @throws RunEnded when there is none (any more): a newer attempt is about to plan */
export const readPlan = remembered(async (pool: pg.Pool, { runId, attempt }): Promise<RunPlan> => {
  const plan = await handedOver(pool, runId, "PLAN");
  if (plan?.attempt !== attempt) throw new RunEnded();
  return plan;
});

/** ROLE bits of the inputs at positions first..end-1. */
export function readRoles(
  store: ArtifactStore,
  plan: DatasetPlan,
  { firstPosition, endPosition }: { firstPosition: number; endPosition: number },
): Promise<Uint8Array> {
  return store.readRange(plan.rolesSha256, firstPosition, endPosition - firstPosition);
}
