import { availableParallelism } from "node:os";
import { defaultGraceHours, readEnvironment, scratchDirectory, setting } from "@faultline/db";
import { NETWORK_MEMORY, SMALLEST_NETWORK_MEMORY } from "@faultline/inference";

export interface WorkerSettings {
  /** Jobs at the same time. */
  concurrency: number;
  /** ONNX Runtime threads of each network session. */
  threads: number;
  /** Bytes of memory that each instance of a network may take. */
  networkMemory: number;
  /** Folder for files that are needed for a while. */
  scratch: string;
}

/**
 * FAULTLINE_WORKER_CONCURRENCY, FAULTLINE_ORT_THREADS and FAULTLINE_SCRATCH (by default the system's folder for temporary
 * files; an archive needs its own size there while it is read). By default one job more than there are cores (at most 5)
 * and one thread a network; of every network there is one instance less than jobs. Parallelism then comes from jobs,
 * threads never wait for one another, the job too many begins or ends while others compute, and results do not depend
 * on the machine. With N workers on one machine set the concurrency to cores / N + 1. FAULTLINE_NETWORK_MEMORY
 * (2GiB) is what an instance of a network may take. FAULTLINE_LOG_LEVEL (info) is the API's; the worker's old name for it, LOG_LEVEL, is understood where the new one is not set.
 *
 * @throws EnvironmentError naming each variable that cannot be understood
 */
export function workerSettings(
  environment: NodeJS.ProcessEnv = process.env,
): WorkerSettings & { logLevel: string } {
  const read = readEnvironment(
    {
      FAULTLINE_WORKER_CONCURRENCY: setting
        .count({ min: 1, max: 256 })
        .default(Math.min(4, availableParallelism()) + 1),
      FAULTLINE_ORT_THREADS: setting.count({ min: 1, max: 256 }).default(1),
      FAULTLINE_NETWORK_MEMORY: setting.size({ min: SMALLEST_NETWORK_MEMORY }).default(NETWORK_MEMORY),
      FAULTLINE_LOG_LEVEL: setting.logLevel().optional(),
      LOG_LEVEL: setting.logLevel().optional(),
    },
    environment,
  );
  return {
    concurrency: read.FAULTLINE_WORKER_CONCURRENCY,
    threads: read.FAULTLINE_ORT_THREADS,
    networkMemory: read.FAULTLINE_NETWORK_MEMORY,
    scratch: scratchDirectory(environment),
    logLevel: read.FAULTLINE_LOG_LEVEL ?? read.LOG_LEVEL ?? "info",
  };
}

/**
 * FAULTLINE_ARTIFACT_GRACE_HOURS: how long an artifact that nothing names stays in the store, in milliseconds. 24 hours
 * by default, at least 2. Raise it above the age of the oldest backup of the database that you would restore.
 *
 * @throws EnvironmentError naming the variable
 */
export function artifactGrace(environment: NodeJS.ProcessEnv = process.env): number {
  const { FAULTLINE_ARTIFACT_GRACE_HOURS: hours } = readEnvironment(
    { FAULTLINE_ARTIFACT_GRACE_HOURS: setting.count({ min: 2, max: 87_600 }).default(defaultGraceHours) },
    environment,
  );
  return hours * 3_600_000;
}
