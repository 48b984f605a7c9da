import { availableParallelism } from "node:os";
import { defaultGraceHours } from "@faultline/db";
import { z } from "zod";

const count = z.coerce.number().int().min(1).max(256);

export interface WorkerSettings {
  /** Jobs at the same time. */
  concurrency: number;
  /** ONNX Runtime threads of each network session. */
  threads: number;
}

/**
 * FAULTLINE_WORKER_CONCURRENCY and FAULTLINE_ORT_THREADS. By default one job more than there are cores (at most 5)
 * and one thread a network; of every network there is one instance less than jobs. Parallelism then comes from jobs,
 * threads never wait for one another, the job too many begins or ends while others compute, and results do not depend
 * on the machine. With N workers on one machine set the concurrency to cores / N + 1.
 *
 * @throws ZodError naming the variable
 */
export function workerSettings(environment: NodeJS.ProcessEnv = process.env): WorkerSettings {
  const parsed = z
    .object({
      FAULTLINE_WORKER_CONCURRENCY: count.default(Math.min(4, availableParallelism()) + 1),
      FAULTLINE_ORT_THREADS: count.default(1),
    })
    .parse(environment);
  return { concurrency: parsed.FAULTLINE_WORKER_CONCURRENCY, threads: parsed.FAULTLINE_ORT_THREADS };
}

/**
 * FAULTLINE_ARTIFACT_GRACE_HOURS: how long an artifact that nothing names stays in the store, in milliseconds. 24 hours
 * by default, at least 2. Raise it above the age of the oldest backup of the database that you would restore.
 *
 * @throws ZodError naming the variable
 */
export function artifactGrace(environment: NodeJS.ProcessEnv = process.env): number {
  const { FAULTLINE_ARTIFACT_GRACE_HOURS: hours } = z
    .object({
      FAULTLINE_ARTIFACT_GRACE_HOURS: z.coerce.number().min(2).max(87_600).default(defaultGraceHours),
    })
    .parse(environment);
  return hours * 3_600_000;
}
