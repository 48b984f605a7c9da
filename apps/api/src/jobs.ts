import { type JobName, type JobPayload, jobPayloads, maximumAttempts } from "@faultline/db";
import type { Transaction } from "./create-once.ts";

/** Enqueues a job in the transaction that writes the row it works on: both happen or neither. */
export async function enqueue<N extends JobName>(
  transaction: Transaction,
  name: N,
  payload: JobPayload<N>,
): Promise<void> {
  const json = JSON.stringify(jobPayloads[name].parse(payload));
  await transaction.$executeRaw`
    SELECT graphile_worker.add_job(${name}, ${json}::json, max_attempts => ${maximumAttempts}::int)`;
}
