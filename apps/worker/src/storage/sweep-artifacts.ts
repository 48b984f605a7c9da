import { sweepArtifacts } from "@faultline/db";
import type { Task } from "graphile-worker";
import type { WorkerContext } from "../queue/run-job.ts";
import { artifactGrace } from "../settings.ts";

/** A step every five minutes, by one worker; a step that is still at it when the next is due makes that one wait. */
export const sweepSchedule = "*/5 * * * * sweep-artifacts ?max=3&jobKey=sweep-artifacts";

/** One bounded step of the sweep of the artifact store: what nothing names leaves it. */
export function sweepArtifactsJob({ database, artifactStore, log }: WorkerContext): Task {
  // Read at the start, so that a setting which cannot be understood is refused there.
  const grace = artifactGrace();
  return async (_payload, { abortSignal }) => {
    const step = await sweepArtifacts(database.pool, artifactStore, {
      grace,
      signal: abortSignal,
    });
    if (step.state === "not-ours")
      log.debug("the artifact store is not swept: another database claimed it, or this one did not long ago");
    else if (step.removedArtifacts + step.releasedUploads > 0) log.info(step, "artifact store swept");
  };
}
