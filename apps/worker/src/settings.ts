import { availableParallelism } from "node:os";
import { scratchDirectory } from "@faultline/db";
import { z } from "zod";

const count = z.coerce.number().int().min(1).max(256);

export interface WorkerSettings {
  /** Jobs at the same time. */
  concurrency: number;
  /** ONNX Runtime threads of each network session. */
  threads: number;
  /** Folder for files that are needed for a while. */
  scratch: string;
}

/**
 * FAULTLINE_WORKER_CONCURRENCY, FAULTLINE_ORT_THREADS and FAULTLINE_SCRATCH (by default the system's folder for temporary
 * files; an archive needs its own size there while it is read). By default one job more than there are cores (at most 5)
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
  return {
    concurrency: parsed.FAULTLINE_WORKER_CONCURRENCY,
    threads: parsed.FAULTLINE_ORT_THREADS,
    scratch: scratchDirectory(environment),
  };
}
