import { isOutOfSpace } from "@faultline/db";
import type { JobHelpers } from "graphile-worker";
import type { Logger } from "pino";

/** Seconds until a job that met a full disk is tried again. */
const pause = 30;

/**
 * Puts a job off that failed because a disk is full: that is nobody's fault and ends one day, so it costs no attempt. The
 * queue gets a new job of the same kind, and the present one ends well; should this process die between the two, the
 * job runs twice, which changes nothing.
 *
 * @returns whether that was the reason, and the job was put off
 */
export async function waitForSpace(
  error: unknown,
  { job, addJob }: JobHelpers,
  log: Logger,
): Promise<boolean> {
  if (!isOutOfSpace(error)) return false;
  log.warn({ err: error }, `no space: tried again in ${pause} s`);
  // A task's name is only known to types that register it.
  const add: (name: string, payload: unknown, spec: object) => Promise<unknown> = addJob;
  return add(job.task_identifier, job.payload, {
    runAt: new Date(Date.now() + 1000 * pause),
    maxAttempts: job.max_attempts,
    priority: job.priority,
    jobKey: job.key ?? undefined,
  }).then(
    () => true,
    // PostgreSQL takes nothing either: then it is an attempt like any other.
    () => false,
  );
}
