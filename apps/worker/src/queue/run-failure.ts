/**
 * The run cannot go on, and trying again would not help: the message says why and what to do. Anything else
 * that a job throws is tried again.
 */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
}

/** The job's run was cancelled, retried under a newer attempt, or deleted: the job has nothing left to do. */
export class RunEnded extends Error {
  override readonly name = "RunEnded";
}
