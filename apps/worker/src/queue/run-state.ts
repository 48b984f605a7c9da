import { maximumAttempts } from "@faultline/db";
import {
  type HandingStage,
  type HandOver,
  readHandOver,
  type ShardedStage,
  type Stage,
  stages,
} from "@faultline/run";
import type pg from "pg";
import { z } from "zod";
import { RunEnded } from "./run-failure.ts";

/** Which run a job works on, and for which attempt: a retry bumps the attempt, so that older jobs stop. */
export const runReference = z.object({ runId: z.uuid(), attempt: z.int() });
export type RunReference = z.infer<typeof runReference>;

export { maximumAttempts };

/** A piece of a stage: consecutive positions of one dataset. */
export interface Shard {
  datasetId: string;
  firstPosition: number;
  endPosition: number;
  /** How many inputs of that range the stage works on; the unit of progress. */
  inputs: number;
}

/** Runs `work` in one transaction; any error rolls it back. */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/**
 * Runs `work` in a transaction that holds the run's row, so that status, shards and follow-up jobs change
 * together or not at all.
 *
 * @throws RunEnded when the run is no longer at this attempt, or was cancelled.
 */
export function changeRun<T>(
  pool: pg.Pool,
  { runId, attempt }: RunReference,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return transaction(pool, async (client) => {
    const { rowCount } = await client.query({
      name: "lock-current-run",
      text: `SELECT FROM run WHERE id = $1 AND attempt = $2 AND status IN ('QUEUED', 'RUNNING')
         AND cancel_requested_at IS NULL FOR NO KEY UPDATE`,
      values: [runId, attempt],
    });
    if (rowCount === 0) throw new RunEnded();
    const result = await work(client);
    await client.query({
      name: "tell-of-run",
      text: "SELECT pg_notify('faultline_run', $1)",
      values: [runId],
    });
    return result;
  });
}

/** Adds the jobs of shards to the queue, in that order, within a transaction. With the same key a job exists once. */
async function enqueue(
  client: pg.PoolClient,
  { runId, attempt }: RunReference,
  job: string,
  shards: readonly number[],
): Promise<void> {
  await client.query({
    name: "enqueue-shards",
    text: `SELECT graphile_worker.add_job($1::text,
       payload => json_build_object('runId', $2::uuid, 'attempt', $3::int, 'shard', shard),
       job_key => concat_ws('/', $2::uuid, $3::int, $1::text, shard), max_attempts => $4::int)
     FROM unnest($5::int[]) AS shard`,
    values: [job, runId, attempt, maximumAttempts, shards],
  });
}

/** What a stage works on: shards, a job each; or the whole run, in one job whose progress counts some inputs. */
export type StageWork = readonly Shard[] | { readonly inputs: number };

/** Opens a stage: its jobs (payload: run, attempt, number of the shard) and its progress. */
export async function startStage(
  client: pg.PoolClient,
  { runId, attempt }: RunReference,
  stage: Exclude<Stage, "PLAN">,
  work: StageWork,
): Promise<void> {
  const shards: readonly (Partial<Shard> & { inputs: number })[] = "inputs" in work ? [work] : work;
  const total = shards.reduce((sum, shard) => sum + shard.inputs, 0);
  await client.query("UPDATE run SET stage = $2 WHERE id = $1", [runId, stage]);
  await client.query(
    `INSERT INTO run_progress (run_id, stage, done, total) VALUES ($1, $2, 0, $3)
     ON CONFLICT (run_id, stage) DO UPDATE
       SET done = 0, total = excluded.total, started_at = now(), finished_at = NULL`,
    [runId, stage, total],
  );
  await client.query(
    `INSERT INTO run_shard (run_id, stage, shard, dataset_id, first_position, end_position, inputs)
     SELECT $1, $2, ordinality - 1, dataset_id, first_position, end_position, inputs
     FROM unnest($3::uuid[], $4::int[], $5::int[], $6::int[])
       WITH ORDINALITY AS s (dataset_id, first_position, end_position, inputs, ordinality)`,
    [
      runId,
      stage,
      shards.map((shard) => shard.datasetId ?? null),
      shards.map((shard) => shard.firstPosition ?? null),
      shards.map((shard) => shard.endPosition ?? null),
      shards.map((shard) => shard.inputs),
    ],
  );
  // The largest first: a small one at the end leaves the other workers idle for the shortest while.
  const order = [...shards.keys()].sort((a, b) => shards[b].inputs - shards[a].inputs || a - b);
  await enqueue(client, { runId, attempt }, stages[stage].job, order);
}

/** What a job of a stage leaves: its hand-over, and the work of the next stage, should it be the last to finish. */
export interface JobResult<S extends HandingStage> {
  readonly handOver: HandOver<S>;
  readonly next: StageWork;
}

/**
 * Records what a job hands over; the one that finishes a stage's last shard opens the next stage, in the same
 * transaction. A second finish of the same shard (its job ran twice) changes nothing.
 */
export async function finishShard<S extends HandingStage>(
  pool: pg.Pool,
  reference: RunReference,
  stage: S,
  shard: number,
  { handOver, next }: JobResult<S>,
): Promise<void> {
  await changeRun(pool, reference, async (client) => {
    const finished = await client.query<{ inputs: number }>({
      name: "finish-shard",
      text: `UPDATE run_shard SET result = $4, finished_at = now()
       WHERE run_id = $1 AND stage = $2 AND shard = $3 AND finished_at IS NULL RETURNING inputs`,
      values: [reference.runId, stage, shard, JSON.stringify(handOver)],
    });
    if (finished.rowCount === 0) return;
    const left = await client.query({
      name: "stage-has-unfinished-shard",
      text: "SELECT FROM run_shard WHERE run_id = $1 AND stage = $2 AND finished_at IS NULL LIMIT 1",
      values: [reference.runId, stage],
    });
    const last = left.rowCount === 0;
    await client.query({
      name: "add-progress",
      text: `UPDATE run_progress SET done = done + $3, finished_at = CASE WHEN $4 THEN now() END
       WHERE run_id = $1 AND stage = $2`,
      values: [reference.runId, stage, finished.rows[0].inputs, last],
    });
    if (last) await startStage(client, reference, stages[stage].next, next);
  });
}

/** The finished shards of a stage, in order, with what they handed over. */
export async function handedOverShards<S extends ShardedStage>(
  pool: pg.Pool,
  runId: string,
  stage: S,
): Promise<(Shard & { handOver: HandOver<S> })[]> {
  const { rows } = await pool.query<Shard & { result: unknown }>(
    `SELECT dataset_id AS "datasetId", first_position AS "firstPosition", end_position AS "endPosition",
       inputs, result
     FROM run_shard WHERE run_id = $1 AND stage = $2 AND finished_at IS NOT NULL ORDER BY shard`,
    [runId, stage],
  );
  return rows.map(({ result, ...shard }) => ({ ...shard, handOver: readHandOver(stage, result) }));
}

/** What a stage of one job handed over; undefined when it has not (any more). */
export async function handedOver<S extends Exclude<HandingStage, ShardedStage>>(
  pool: pg.Pool,
  runId: string,
  stage: S,
): Promise<HandOver<S> | undefined> {
  const { rows } = await pool.query<{ result: unknown }>(
    "SELECT result FROM run_shard WHERE run_id = $1 AND stage = $2 AND finished_at IS NOT NULL",
    [runId, stage],
  );
  return rows[0] && readHandOver(stage, rows[0].result);
}

/** One shard; undefined when it is finished already. @throws RunEnded when it is not there (any more). */
export async function unfinishedShard(
  pool: pg.Pool,
  runId: string,
  stage: Stage,
  shard: number,
): Promise<Shard | undefined> {
  const { rows } = await pool.query<Shard & { finished: boolean }>({
    name: "shard",
    text: `SELECT dataset_id AS "datasetId", first_position AS "firstPosition", end_position AS "endPosition",
       inputs, finished_at IS NOT NULL AS finished
     FROM run_shard WHERE run_id = $1 AND stage = $2 AND shard = $3`,
    values: [runId, stage, shard],
  });
  if (!rows[0]) throw new RunEnded();
  return rows[0].finished ? undefined : rows[0];
}

/** Ends the run as FAILED with a reason that people can act on. Does nothing to a run of another attempt. */
export async function failRun(
  pool: pg.Pool | pg.PoolClient,
  { runId, attempt }: RunReference,
  reason: string,
): Promise<void> {
  await pool.query(
    `WITH failed AS (
       UPDATE run SET status = 'FAILED', error = $3, finished_at = now()
       WHERE id = $1 AND attempt = $2 AND status IN ('QUEUED', 'RUNNING') RETURNING id)
     SELECT pg_notify('faultline_run', id::text) FROM failed`,
    [runId, attempt, reason],
  );
}

/** Ends the run as CANCELLED if that was asked for. */
export async function settleCancellation(pool: pg.Pool, { runId }: RunReference): Promise<void> {
  await pool.query(
    `WITH cancelled AS (
       UPDATE run SET status = 'CANCELLED', finished_at = now()
       WHERE id = $1 AND status IN ('QUEUED', 'RUNNING') AND cancel_requested_at IS NOT NULL RETURNING id)
     SELECT pg_notify('faultline_run', id::text) FROM cancelled`,
    [runId],
  );
}
