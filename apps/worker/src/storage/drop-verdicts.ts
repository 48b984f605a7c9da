import { dropVerdicts, jobPayloads } from "@faultline/db";
import type { Task } from "graphile-worker";
import type { WorkerContext } from "../queue/run-job.ts";

/** Drops the verdicts of a run that was deleted. The queue tries again while older readers are in the way. */
export function dropVerdictsJob({ database, log }: WorkerContext): Task {
  return async (unparsed) => {
    const { runId } = jobPayloads["drop-verdicts"].parse(unparsed);
    const dropped = await dropVerdicts(database.pool, runId);
    log.info({ runId, dropped }, "verdicts of a deleted run dropped");
  };
}
