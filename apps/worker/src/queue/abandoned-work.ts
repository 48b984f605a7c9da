import type { Database } from "@faultline/db";
import type { Logger } from "pino";
import { failDataset } from "../ingest/fail-dataset.ts";
import { failRun, type RunReference, settleCancellation } from "./run-state.ts";

/** A job that may still be worked on: it is locked, or has tries left. */
const alive = "(job.locked_at IS NOT NULL OR job.attempts < job.max_attempts)";

/** What is known of why no job is left: the last error of one that used up its tries. */
function reasonOf(task: string | null, lastError: string | null): string {
  if (task === null)
    return "No job works on it any more: its jobs were deleted from the queue. Start it again.";
  return `${task} used up its tries, at last with: ${lastError ?? "an unknown error"}. Start it again.`;
}

interface Abandoned {
  task: string | null;
  lastError: string | null;
}

/**
 * Ends runs and datasets that no job works on any more, because it used up its tries or was deleted from the queue: they
 * would wait for ever. One of them that goes on always has a job: the next one is enqueued in the transaction that ends
 * the work of the one before, and each query sees one moment of both tables.
 *
 * @returns how many were ended
 */
export async function failAbandonedWork({ pool }: Database, log: Logger): Promise<number> {
  const { rows: runs } = await pool.query<RunReference & Abandoned & { cancelled: boolean }>(
    `SELECT run.id AS "runId", run.attempt, run.cancel_requested_at IS NOT NULL AS cancelled,
       dead.task, dead.last_error AS "lastError"
     FROM run
     LEFT JOIN LATERAL (
       SELECT task.identifier AS task, job.last_error
       FROM graphile_worker._private_jobs AS job JOIN graphile_worker._private_tasks AS task ON task.id = job.task_id
       WHERE job.payload->>'runId' = run.id::text AND job.payload->>'attempt' = run.attempt::text
       ORDER BY job.id LIMIT 1) AS dead ON true
     WHERE run.status IN ('QUEUED', 'RUNNING') AND NOT EXISTS (
       SELECT FROM graphile_worker._private_jobs AS job
       WHERE job.payload->>'runId' = run.id::text AND job.payload->>'attempt' = run.attempt::text AND ${alive})`,
  );
  for (const run of runs) {
    const reason = reasonOf(run.task, run.lastError);
    log.warn({ run: run.runId, attempt: run.attempt, reason }, "no job works on the run any more");
    if (run.cancelled) await settleCancellation(pool, run);
    else await failRun(pool, run, reason);
  }
  const { rows: datasets } = await pool.query<Abandoned & { id: string }>(
    `SELECT dataset.id, dead.task, dead.last_error AS "lastError"
     FROM dataset
     LEFT JOIN LATERAL (
       SELECT task.identifier AS task, job.last_error
       FROM graphile_worker._private_jobs AS job JOIN graphile_worker._private_tasks AS task ON task.id = job.task_id
       WHERE job.payload->>'datasetId' = dataset.id::text ORDER BY job.id LIMIT 1) AS dead ON true
     WHERE dataset.status = 'INGESTING' AND NOT EXISTS (
       SELECT FROM graphile_worker._private_jobs AS job
       WHERE job.payload->>'datasetId' = dataset.id::text AND ${alive})`,
  );
  for (const { id, task, lastError } of datasets) {
    const reason = reasonOf(task, lastError);
    log.warn({ dataset: id, reason }, "no job works on the dataset any more");
    await failDataset(pool, id, reason);
  }
  return runs.length + datasets.length;
}
