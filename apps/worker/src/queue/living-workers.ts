import { hostname } from "node:os";
import { type Database, jobPayloads } from "@faultline/db";
import pg from "pg";
import type { Logger } from "pino";
import { failDataset } from "../ingest/fail-dataset.ts";
import { failRun, maximumAttempts, runReference } from "./run-state.ts";

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
  /** Resolves when the connection is lost, to the reason: others then take this worker for dead, and its jobs over. */
  readonly lost: Promise<unknown>;

  private constructor(client: pg.Client, id: number, lost: Promise<unknown>) {
    this.#client = client;
    this.#id = id;
    this.lost = lost;
  }

  /** @throws the connection's error */
  static async enter(url: string): Promise<LivingWorker> {
    const client = new pg.Client({
      connectionString: url,
      application_name: "faultline living worker",
      connectionTimeoutMillis: 10_000,
      query_timeout: 10_000,
      keepAlive: true,
    });
    const lost = new Promise<unknown>((resolve) => {
      client.on("error", resolve);
      client.on("end", () => resolve(new Error("Connection terminated")));
    });
    try {
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
      return new LivingWorker(client, id, lost);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /** Says under which names this process locks jobs in the queue. */
  async nameQueueWorkers(ids: readonly string[]): Promise<void> {
    await this.#client.query("UPDATE worker_process SET queue_worker_ids = $2 WHERE id = $1", [
      this.#id,
      ids,
    ]);
  }

  /** Ends the connection if it does not answer within 10 s: `lost` then says so. */
  async check(): Promise<void> {
    try {
      await this.#client.query("SELECT 1");
    } catch {
      await this.#client.end().catch(() => undefined);
    }
  }

  async leave(): Promise<void> {
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
 * tried for ever: its run or dataset fails.
 *
 * @returns how many workers were found dead
 */
export async function releaseJobsOfDeadWorkers({ pool }: Database, log: Logger): Promise<number> {
  const { rows: workers } = await pool.query<{ id: number }>("SELECT id FROM worker_process");
  let dead = 0;
  for (const { id } of workers) {
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ dead: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS dead", [
        lockSpace,
        id,
      ]);
      if (!rows[0].dead) continue;
      try {
        dead += await removeDeadWorker(client, id, log);
      } finally {
        await client.query("SELECT pg_advisory_unlock($1, $2)", [lockSpace, id]);
      }
    } finally {
      client.release();
    }
  }
  await releaseUnclaimedJobs(pool);
  return dead;
}

async function removeDeadWorker(client: pg.PoolClient, id: number, log: Logger): Promise<number> {
  // Read again under the lock: the worker may have named its queue workers just before it died.
  const { rows } = await client.query<{ queue_worker_ids: string[]; host: string; pid: number }>(
    "DELETE FROM worker_process WHERE id = $1 RETURNING queue_worker_ids, host, pid",
    [id],
  );
  if (!rows[0]) return 0;
  const { queue_worker_ids, host, pid } = rows[0];
  log.warn({ host, pid }, "a worker died or lost its connection; its jobs go on");
  await releaseJobs(client, queue_worker_ids);
  return 1;
}

/** Unlocks the jobs that these queue workers held. */
async function releaseJobs(
  client: pg.Pool | pg.PoolClient,
  queueWorkerIds: readonly string[],
): Promise<void> {
  const { rows: jobs } = await client.query<DeadJob>(
    `SELECT tasks.identifier AS task_identifier, jobs.attempts, jobs.max_attempts, jobs.payload
     FROM graphile_worker._private_jobs jobs JOIN graphile_worker._private_tasks tasks ON tasks.id = jobs.task_id
     WHERE jobs.locked_by = ANY($1)`,
    [queueWorkerIds],
  );
  await client.query("SELECT graphile_worker.force_unlock_workers($1)", [queueWorkerIds]);
  for (const job of jobs) {
    if (job.attempts < Math.min(job.max_attempts, maximumAttempts)) continue;
    const reason = `${job.task_identifier} was given up: ${job.attempts} workers died while they worked on it. Look for the memory that it takes`;
    const run = runReference.safeParse(job.payload);
    const ingestion = jobPayloads["ingest-dataset"].safeParse(job.payload);
    if (run.success) await failRun(client, run.data, `${reason} (concurrency, shardSize).`);
    else if (ingestion.success)
      await failDataset(client, ingestion.data.datasetId, `${reason}, and at what the archive holds.`);
  }
}

/**
 * A worker that died in the moment between its first job and its naming has left names that nobody knows:
 * jobs locked for a while by none of the living are given back too.
 */
async function releaseUnclaimedJobs(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ locked_by: string }>(
    `SELECT DISTINCT locked_by FROM graphile_worker._private_jobs
     WHERE locked_at < now() - interval '20 seconds'
       AND NOT EXISTS (SELECT FROM worker_process WHERE locked_by = ANY(queue_worker_ids))`,
  );
  if (rows.length > 0)
    await releaseJobs(
      pool,
      rows.map(({ locked_by }) => locked_by),
    );
}
