import { isConnectionLoss } from "@faultline/db";
import type { Job, Task } from "graphile-worker";
import type pg from "pg";

/**
 * Whether a job failed through no fault of its own: its worker was told to stop, or the database went away. It is given
 * back, and the try does not count.
 */
export function isInterruption(error: unknown, { abortSignal }: { abortSignal: AbortSignal }): boolean {
  return abortSignal.aborted || isConnectionLoss(error);
}

/**
 * Jobs that a worker took and could not finish through no fault of theirs. They go back to the queue, which had counted
 * a try when it gave them out, without that try. What cannot be written while the database is away is kept.
 */
export class InterruptedJobs {
  readonly #pool: pg.Pool;
  /** Id of the job -> name under which it was locked. */
  readonly #jobs = new Map<string, string>();
  readonly #retired = new Set<string>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** The task, whose jobs are given back when they are interrupted. */
  watch(task: Task): Task {
    return async (payload, helpers) => {
      try {
        return await task(payload, helpers);
      } catch (error) {
        if (isInterruption(error, helpers)) await this.#add(helpers.job);
        // The queue then counts a failure, of a job that it no longer finds locked by this worker.
        throw error;
      }
    };
  }

  async #add({ id, locked_by }: Job): Promise<void> {
    this.#jobs.set(id, locked_by ?? "");
    await this.giveBack().catch(() => undefined);
  }

  /**
   * Jobs that are still locked under this name are given back: the queue gave them out, or was told of their end, while
   * the connection broke. Nobody may work under the name any more.
   */
  retire(queueWorkerId: string): void {
    this.#retired.add(queueWorkerId);
  }

  /** Gives back what there is. @throws the database's error; then it is all still here, for another call. */
  async giveBack(): Promise<void> {
    const jobs = new Map(this.#jobs);
    if (jobs.size > 0) {
      // Others may have found this worker dead and taken its jobs over: they keep them, less this worker's try. The
      // pause lets the queue write its own view of the failure first, which must not hit a lock that came after.
      await this.#pool.query(
        `UPDATE graphile_worker._private_jobs AS job
         SET attempts = greatest(job.attempts - 1, 0),
           run_at = greatest(job.run_at, now() + interval '1 second'),
           locked_at = CASE WHEN job.locked_by = interrupted.locked_by THEN NULL ELSE job.locked_at END,
           locked_by = CASE WHEN job.locked_by = interrupted.locked_by THEN NULL ELSE job.locked_by END
         FROM unnest($1::bigint[], $2::text[]) AS interrupted (id, locked_by) WHERE job.id = interrupted.id`,
        [[...jobs.keys()], [...jobs.values()]],
      );
      for (const id of jobs.keys()) this.#jobs.delete(id);
    }
    const retired = [...this.#retired];
    if (retired.length === 0) return;
    await this.#pool.query(
      `UPDATE graphile_worker._private_jobs
       SET attempts = greatest(attempts - 1, 0), locked_at = NULL, locked_by = NULL WHERE locked_by = ANY($1)`,
      [retired],
    );
    for (const id of retired) this.#retired.delete(id);
  }
}
