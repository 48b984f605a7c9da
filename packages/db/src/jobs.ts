import { z } from "zod";

/** How often a job is tried before what it works on fails. The death of a worker counts as a try. */
export const maximumAttempts = 6;

/**
 * The jobs that other processes enqueue (graphile-worker task name -> payload). The worker adds its own
 * internal ones. A job is enqueued in the transaction that writes the row it works on.
 */
export const jobPayloads = {
  /** Reads the uploaded archive or manifest of a dataset into inputs; then the dataset is READY or FAILED. */
  "ingest-dataset": z.object({
    datasetId: z.uuid(),
    archiveSha256: z.string().nullable(),
    manifestSha256: z.string().nullable(),
  }),
  /** Plans the shards of a run's attempt and enqueues the first stage. */
  "plan-run": z.object({ runId: z.uuid(), attempt: z.int() }),
  /** Drops the verdicts of a run that was deleted; a trigger of the table run enqueues it. */
  "drop-verdicts": z.object({ runId: z.uuid() }),
} as const;

export type JobName = keyof typeof jobPayloads;
export type JobPayload<N extends JobName> = z.infer<(typeof jobPayloads)[N]>;
