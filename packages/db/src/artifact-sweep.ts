import type { Pool, PoolClient } from "pg";
import { namedArtifactsSql } from "./artifact-references.ts";
import type { ArtifactStore } from "./artifact-store.ts";

/** Hours that an artifact stays which nothing names. */
export const defaultGraceHours = 24;

export interface SweepOptions {
  /** Milliseconds that an artifact stays after it was last put, or claimed by a project; 24 hours by default. */
  grace?: number;
  /** Shortest time between the beginnings of two sweeps, in milliseconds; 6 hours by default. */
  interval?: number;
  /** The step ends after so many milliseconds, or when the sweep does; 30 seconds by default. */
  budget?: number;
  signal?: AbortSignal;
}

export interface SweepStep {
  /**
   * `over`: nothing is left to do until the next sweep is due. `unfinished`: the next step goes on. `busy`: another
   * process is at it. `not-ours`: the store belongs to another database, or not yet long enough to this one.
   */
  state: "over" | "unfinished" | "busy" | "not-ours";
  removedArtifacts: number;
  /** Uploads that projects named nowhere and own no longer. */
  releasedUploads: number;
}

/** Key of the advisory lock of the process that sweeps. */
const sweepLock = 0x0fa19;

/** The first bytes of hashes: the store is looked through in so many parts. */
const prefixes = 256;

/** Blobs whose marks are looked up at once. */
const batch = 5_000;

/** Stands in the marks for what no project names alone: the cache of shards. */
const noProject = "00000000-0000-0000-0000-000000000000";

/**
 * One bounded step of the mark-and-sweep of the artifact store: what no row of any project names leaves it after the
 * grace period. Any process may call it at any time, and may be killed at any moment; the next step goes on where the
 * last one ended. It works in two phases.
 *
 * 1. *Mark*, in one transaction: at the moment M all artifacts that rows name are noted, with their projects. Uploads
 *    that their project names nowhere and has not claimed since M − grace are released; the cache of shards forgets what no
 *    run names and none has used since; what is left of both is marked too.
 * 2. *Sweep*, prefix by prefix: a blob goes that has no mark and was last put before M − grace.
 *
 * Why nothing is lost that is named at the moment D > M at which a blob B is removed. Say a row that names B was
 * committed at R, M < R < D (before M, it had a mark). Whoever wrote that row had, less than a grace period before R,
 * at P > R − grace > M − grace, done one of these:
 * - *put B*: content that is there already is touched by that. Then B was last put after M − grace, and stays: the
 *   store decides on B's own time at the moment of removal (`deleteUnused`), not on the list's.
 * - *claimed B for its project* (`claimArtifacts`, `ownArtifact` after a put), or *taken it from the cache of
 *   shards*: each renews a row's `used_at` and finds the row or not, in one statement. So the row was there at P and
 *   could not be removed by the transaction of M (a removal waits for the row's lock, looks again and finds it
 *   renewed). If it was there at M it was marked; if it came after M, it came after a put: see above.
 * - *copied the name from a row that stays as long as its own* (a run's plan names its dataset's matrices).
 * A grace period is a day, a job or request takes minutes; so puts of two processes, a shard result before its row
 * commits, and a sweep that takes long are all the same case. The marks are never those of half a transaction, and lie in
 * a logged table, because an empty one would have everything removed.
 *
 * A store that two databases share by mistake would lose what the other one names: a store is swept only by the database
 * that claimed it first, and only when that is a grace period ago. After a database was restored from a backup that is
 * older than the grace period, artifacts that were named then may be gone: back up both, or raise the grace period.
 */
export async function sweepArtifacts(
  pool: Pool,
  store: ArtifactStore,
  options: SweepOptions = {},
): Promise<SweepStep> {
  const client = await pool.connect();
  let broken: boolean | Error = true;
  try {
    const { rows } = await client.query<{ mine: boolean }>("SELECT pg_try_advisory_lock($1) AS mine", [
      sweepLock,
    ]);
    const step = rows[0].mine
      ? await sweepExclusively(client, store, options)
      : ({ state: "busy", removedArtifacts: 0, releasedUploads: 0 } as const);
    if (rows[0].mine) await client.query("SELECT pg_advisory_unlock($1)", [sweepLock]);
    broken = false;
    return step;
  } finally {
    // A connection that failed may hold the lock still: it is thrown away, and the lock with it.
    client.release(broken);
  }
}

interface SweepRow {
  id: string;
  marked_at: Date | null;
  next_prefix: number;
  now: Date;
}

async function sweepExclusively(
  client: PoolClient,
  store: ArtifactStore,
  options: SweepOptions,
): Promise<SweepStep> {
  const {
    grace = defaultGraceHours * 3_600_000,
    interval = 6 * 3_600_000,
    budget = 30_000,
    signal,
  } = options;
  const ends = performance.now() + budget;
  let sweep = await readSweep(client);
  const step = { removedArtifacts: 0, releasedUploads: 0 };
  const { owner, since } = await store.claim(sweep.id);
  if (owner !== sweep.id || sweep.now.getTime() - since.getTime() < grace)
    return { ...step, state: "not-ours" };
  if (sweep.next_prefix === prefixes) {
    if (sweep.marked_at !== null && sweep.now.getTime() - sweep.marked_at.getTime() < interval)
      return { ...step, state: "over" };
    step.releasedUploads = await mark(client, sweep.now, grace);
    sweep = await readSweep(client);
  }
  const cutoff = new Date((sweep.marked_at ?? sweep.now).getTime() - grace);
  for (let prefix = sweep.next_prefix; prefix < prefixes; prefix++) {
    if (signal?.aborted || performance.now() > ends) return { ...step, state: "unfinished" };
    step.removedArtifacts += await sweepPrefix(client, store, prefix, cutoff);
    await client.query("UPDATE artifact_sweep SET next_prefix = $1", [prefix + 1]);
  }
  return { ...step, state: "over" };
}

async function readSweep(client: PoolClient): Promise<SweepRow> {
  const { rows } = await client.query<SweepRow>(
    "SELECT id, marked_at, next_prefix, clock_timestamp() AS now FROM artifact_sweep",
  );
  return rows[0];
}

/** Takes the marks as of `now`, and releases what is marked by nothing. @returns how many uploads */
async function mark(client: PoolClient, now: Date, grace: number): Promise<number> {
  const cutoff = new Date(now.getTime() - grace);
  await client.query("BEGIN");
  try {
    await client.query("DELETE FROM artifact_mark");
    // One statement, so one snapshot: a name cannot move past it from a table that is read later to one read before.
    await client.query(
      `INSERT INTO artifact_mark (sha256, project_id) SELECT DISTINCT sha256, project_id FROM (${namedArtifactsSql()}) AS named`,
    );
    await client.query("ANALYZE artifact_mark");
    const { rowCount } = await client.query(
      `DELETE FROM project_artifact owned WHERE used_at < $1 AND NOT EXISTS (
         SELECT FROM artifact_mark m WHERE m.sha256 = owned.sha256 AND m.project_id = owned.project_id)`,
      [cutoff],
    );
    await client.query(
      `DELETE FROM shard_result kept WHERE used_at < $1 AND NOT EXISTS (
         SELECT FROM artifact_mark m WHERE m.sha256 = kept.artifact_sha256)`,
      [cutoff],
    );
    await client.query(
      `INSERT INTO artifact_mark (sha256, project_id)
       SELECT sha256, project_id FROM project_artifact UNION SELECT artifact_sha256, $1::uuid FROM shard_result
       ON CONFLICT DO NOTHING`,
      [noProject],
    );
    await client.query(
      `DELETE FROM artifact known WHERE created_at < $1 AND NOT EXISTS (
         SELECT FROM project_artifact owned WHERE owned.sha256 = known.sha256)`,
      [cutoff],
    );
    await client.query("UPDATE artifact_sweep SET marked_at = $1, next_prefix = 0", [now]);
    await client.query("COMMIT");
    return rowCount ?? 0;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function sweepPrefix(
  client: PoolClient,
  store: ArtifactStore,
  prefix: number,
  cutoff: Date,
): Promise<number> {
  let removed = 0;
  let old: string[] = [];
  const removeUnmarked = async () => {
    const { rows } = await client.query<{ sha256: string }>(
      `SELECT listed.sha256 FROM unnest($1::char(64)[]) AS listed (sha256)
       WHERE NOT EXISTS (SELECT FROM artifact_mark m WHERE m.sha256 = listed.sha256)`,
      [old],
    );
    for (const { sha256 } of rows) if (await store.deleteUnused(sha256, cutoff)) removed++;
    old = [];
  };
  for await (const { sha256, writtenAt } of store.list(prefix.toString(16).padStart(2, "0"))) {
    if (writtenAt < cutoff) old.push(sha256);
    if (old.length === batch) await removeUnmarked();
  }
  if (old.length > 0) await removeUnmarked();
  return removed;
}
