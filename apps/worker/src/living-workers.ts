import { hostname } from "node:os";
import type { Database } from "@faultline/db";
import pg from "pg";
import type { Logger } from "pino";
import { failRun, maximumAttempts, runReference } from "./run/run-state.ts";

/** First key of the advisory locks that living workers hold; the second is the worker's id. */
const lockSpace = 0x0fa17;

/**
 * This worker's entry among the living. The proof of life is a lock that a database connection holds: when the
 * process dies, however it dies, the server ends the connection and the lock is free at once. (The queue's own
 * rule gives a job of a dead worker back after four hours.)
 */
export class LivingWorker {
  readonly #client: pg.Client;
  readonly #id: number;

  private constructor(client: pg.Client, id: number) {
    this.#client = client;
    this.#id = id;
  }

  /**
   * @param lost called when the connection is lost: others will then take this worker for dead, so it must
   *   stop. (Were it to go on, no harm: every result is written once.)
   */
  static async enter(url: string, lost: (error: Error) => void): Promise<LivingWorker> {
    const client = new pg.Client({
      connectionString: url,
      application_name: "faultline living worker",
      keepAlive: true,
    });
    let leaving = false;
    client.on("error", (error) => {
      if (!leaving) lost(error);
      leaving = true;
    });
    await client.connect();
    // A machine that vanishes without a word is noticed within half a minute.
    await client.query(
      "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3",
    );
    // The id is locked before others can see it.
    const { rows } = await client.query<{ id: number }>(
      "SELECT nextval(pg_get_serial_sequence('worker_process', 'id'))::int AS id",
    );
    const [{ id }] = rows;
    await client.query("SELECT pg_advisory_lock($1, $2)", [lockSpace, id]);
    await client.query(
      "INSERT INTO worker_process (id, host, pid, queue_worker_ids) VALUES ($1, $2, $3, '{}')",
      [id, hostname(), process.pid],
    );
    return new LivingWorker(client, id);
  }

  /** Says under which names this process locks jobs in the queue. */
  async nameQueueWorkers(ids: readonly string[]): Promise<void> {
    await this.#client.query("UPDATE worker_process SET queue_worker_ids = $2 WHERE id = $1", [
      this.#id,
      ids,
    ]);
  }

  async leave(): Promise<void> {
    this.#client.removeAllListeners("error");
    this.#client.on("error", () => undefined);
    await this.#client.query("DELETE FROM worker_process WHERE id = $1", [this.#id]).catch(() => undefined);
    await this.#client.end().catch(() => undefined);
  }
}

interface DeadJob {
  task_identifier: string;
  attempts: number;
  max_attempts: number;
  payload: unknown;
}

/**
 * Gives the jobs of dead workers back to the queue. A job that took its workers down with it too often is not
 * tried for ever: its run fails.
 *
 * @returns how many workers were found dead
 */
export async function buryDeadWorkers({ pool }: Database, log: Logger): Promise<number> {
  const { rows: workers } = await pool.query<{ id: number; queue_worker_ids: string[] }>(
    "SELECT id, queue_worker_ids FROM worker_process",
  );
  let buried = 0;
  for (const { id } of workers) {
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ dead: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS dead", [
        lockSpace,
        id,
      ]);
      if (!rows[0].dead) continue;
      try {
        buried += await bury(client, id, log);
      } finally {
        await client.query("SELECT pg_advisory_unlock($1, $2)", [lockSpace, id]);
      }
    } finally {
      client.release();
    }
  }
  await giveBackOrphans(pool);
  return buried;
}

async function bury(client: pg.PoolClient, id: number, log: Logger): Promise<number> {
  // Read again under the lock: the worker may have named its queue workers just before it died.
  const { rows } = await client.query<{ queue_worker_ids: string[]; host: string; pid: number }>(
    "DELETE FROM worker_process WHERE id = $1 RETURNING queue_worker_ids, host, pid",
    [id],
  );
  if (!rows[0]) return 0;
  const { queue_worker_ids, host, pid } = rows[0];
  log.warn({ host, pid }, "a worker died; its jobs go on");
  await giveBack(client, queue_worker_ids);
  return 1;
}

/** Unlocks the jobs that these queue workers held. */
async function giveBack(client: pg.Pool | pg.PoolClient, queueWorkerIds: readonly string[]): Promise<void> {
  const { rows: jobs } = await client.query<DeadJob>(
    `SELECT tasks.identifier AS task_identifier, jobs.attempts, jobs.max_attempts, jobs.payload
     FROM graphile_worker._private_jobs jobs JOIN graphile_worker._private_tasks tasks ON tasks.id = jobs.task_id
     WHERE jobs.locked_by = ANY($1)`,
    [queueWorkerIds],
  );
  await client.query("SELECT graphile_worker.force_unlock_workers($1)", [queueWorkerIds]);
  for (const job of jobs) {
    const run = runReference.safeParse(job.payload);
    if (job.attempts < Math.min(job.max_attempts, maximumAttempts) || !run.success) continue;
    await failRun(
      client,
      run.data,
      `${job.task_identifier} was given up: ${job.attempts} workers died while they worked on it. Look for the memory that it takes (concurrency, shardSize).`,
    );
  }
}

/**
 * A worker that died in the moment between its first job and its naming has left names that nobody knows:
 * jobs locked for a while by none of the living are given back too.
 */
async function giveBackOrphans(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ locked_by: string }>(
    `SELECT DISTINCT locked_by FROM graphile_worker._private_jobs
     WHERE locked_at < now() - interval '20 seconds'
       AND NOT EXISTS (SELECT FROM worker_process WHERE locked_by = ANY(queue_worker_ids))`,
  );
  if (rows.length > 0)
    await giveBack(
      pool,
      rows.map(({ locked_by }) => locked_by),
    );
}
