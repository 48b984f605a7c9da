import type { ArtifactStore, Database } from "@faultline/db";
import type { NetworkSessions } from "@faultline/inference";
import type { Task } from "graphile-worker";
import type { Logger } from "pino";
import type { z } from "zod";
import { isInterruption } from "./interrupted-jobs.ts";
import { RunEnded, RunFailure } from "./run-failure.ts";
import { failRun, maximumAttempts, type RunReference, settleCancellation } from "./run-state.ts";
import { waitForSpace } from "./wait-for-space.ts";

/** What every job of a worker process shares. */
export interface WorkerContext {
  database: Database;
  artifactStore: ArtifactStore;
  networks: NetworkSessions;
  /** Below which files may be put for a while: `withScratchFolder` of @faultline/db. */
  scratch: string;
  log: Logger;
}

/** How often a running job looks whether its run was cancelled. */
const cancellationPoll = 250;

/**
 * A queue task for one job of a run. It stops when the run is cancelled or superseded, fails the run when the
 * job cannot succeed or was tried too often, and otherwise leaves it to the queue to try again, with backoff. Where a
 * disk is full it waits for as long as that takes.
 *
 * @param work gets a signal that fires when the job should stop: within one batch, please.
 */
export function runJob<P extends RunReference>(
  name: string,
  payloadSchema: z.ZodType<P>,
  context: WorkerContext,
  work: (payload: P, context: WorkerContext, signal: AbortSignal) => Promise<void>,
): Task {
  return async (unparsed, helpers) => {
    const { job, abortSignal } = helpers;
    const payload = payloadSchema.parse(unparsed);
    const { pool } = context.database;
    const log = context.log.child({ job: name, ...payload });
    const ended = new AbortController();
    const watch = watchRun(context, payload, ended);
    const started = performance.now();
    try {
      await requireCurrent(context, payload);
      context.artifactStore.requireSpace();
      await work(payload, context, AbortSignal.any([ended.signal, abortSignal]));
      log.debug({ milliseconds: Math.round(performance.now() - started) }, "done");
    } catch (error) {
      if (error instanceof RunEnded || ended.signal.aborted) {
        await settleCancellation(pool, payload);
        log.info("stopped: the run was cancelled, superseded or deleted");
        return;
      }
      if (await waitForSpace(error, helpers, log)) return;
      if (isFinal(error)) {
        log.warn({ err: error }, "the run failed");
        await failRun(pool, payload, error.message);
        return;
      }
      if (isInterruption(error, { abortSignal })) {
        log.info({ reason: reason(error) }, "interrupted");
        throw error;
      }
      log.error({ err: error, attempts: job.attempts }, "failed");
      if (job.attempts >= Math.min(job.max_attempts, maximumAttempts))
        await failRun(pool, payload, `${name} failed ${job.attempts} times, at last with: ${reason(error)}`);
      throw error;
    } finally {
      clearInterval(watch);
    }
  };
}

/**
 * Errors that a second try cannot mend: ours, and those by which the method and the models refuse their
 * input (InvalidInputError of core and inference, and what derives from it).
 */
function isFinal(error: unknown): error is Error {
  return error instanceof RunFailure || (error instanceof Error && "remedy" in error);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function requireCurrent({ database }: WorkerContext, { runId, attempt }: RunReference): Promise<void> {
  const { rowCount } = await database.pool.query({
    name: "run-is-current",
    text: `SELECT FROM run WHERE id = $1 AND attempt = $2 AND status IN ('QUEUED', 'RUNNING')
       AND cancel_requested_at IS NULL`,
    values: [runId, attempt],
  });
  if (rowCount === 0) throw new RunEnded();
}

function watchRun(context: WorkerContext, payload: RunReference, ended: AbortController): NodeJS.Timeout {
  return setInterval(() => {
    requireCurrent(context, payload).catch((error: unknown) => {
      // A query that failed says nothing about the run; the next one will.
      if (error instanceof RunEnded) ended.abort(error);
    });
  }, cancellationPoll);
}
