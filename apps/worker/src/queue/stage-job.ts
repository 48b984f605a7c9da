import { type HandingStage, type ShardedStage, stages } from "@faultline/run";
import type { Task } from "graphile-worker";
import { z } from "zod";
import { runJob, type WorkerContext } from "./run-job.ts";
import { finishShard, type JobResult, runReference, type Shard, unfinishedShard } from "./run-state.ts";

/** The payload of every job but the first: which shard of its stage it is; 0 where the stage is one job. */
export const stageJobPayload = runReference.extend({ shard: z.int() });
export type StageJobPayload = z.infer<typeof stageJobPayload>;

/**
 * The queue task of a stage that is cut into shards. What the work returns is recorded, and opens the next stage when
 * it was the last; a shard that is finished is not worked on again.
 */
export function shardJob<S extends ShardedStage>(
  stage: S,
  context: WorkerContext,
  work: (job: StageJobPayload, shard: Shard, signal: AbortSignal) => Promise<JobResult<S>>,
): Task {
  return runJob(stages[stage].job, stageJobPayload, context, async (job, { database }, signal) => {
    const shard = await unfinishedShard(database.pool, job.runId, stage, job.shard);
    if (shard) await finishShard(database.pool, job, stage, job.shard, await work(job, shard, signal));
  });
}

/** The queue task of a stage that is one job for the whole run; otherwise as {@link shardJob}. */
export function wholeRunJob<S extends Exclude<HandingStage, ShardedStage | "PLAN">>(
  stage: S,
  context: WorkerContext,
  work: (job: StageJobPayload, signal: AbortSignal) => Promise<JobResult<S>>,
): Task {
  return runJob(stages[stage].job, stageJobPayload, context, async (job, { database }, signal) => {
    if (await unfinishedShard(database.pool, job.runId, stage, job.shard))
      await finishShard(database.pool, job, stage, job.shard, await work(job, signal));
  });
}
