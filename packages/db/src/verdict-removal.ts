import type { Pool, PoolClient } from "pg";

/** Key of the advisory lock that lets one process at a time detach partitions of the table verdict. */
const detachLock = 0x0fa18;

/** Longest wait for transactions that were reading verdicts when a partition is detached, in milliseconds. */
const statementTimeout = 60_000;

interface Partition {
  /** As SQL names it. */
  name: string;
  /** Of the table verdict still, or being detached from it; null when it stands alone. */
  pending: boolean | null;
}

/**
 * Drops the verdicts of a run that was deleted. Dropping a partition, or detaching it in the usual way, would lock the
 * table for every run: it waits behind the slowest reader, and all others wait behind it. DETACH CONCURRENTLY waits
 * for transactions that began before, and holds nobody up meanwhile; what stands alone afterwards is dropped. Each
 * step may be repeated, so a process that is killed leaves nothing that the next call does not finish.
 *
 * Does nothing while the run exists.
 *
 * @returns how many tables were dropped
 * @throws when readers that began before are not done within a minute: try again later
 */
export async function dropVerdicts(pool: Pool, runId: string): Promise<number> {
  const client = await pool.connect();
  let broken: Error | boolean = true;
  try {
    await client.query("SELECT set_config('statement_timeout', $1, false)", [String(statementTimeout)]);
    await client.query("SELECT pg_advisory_lock($1)", [detachLock]);
    const { rowCount } = await client.query("SELECT FROM run WHERE id = $1", [runId]);
    const dropped = rowCount === 0 ? await dropAll(client, runId) : 0;
    await client.query("SELECT pg_advisory_unlock($1)", [detachLock]);
    await client.query("RESET statement_timeout");
    broken = false;
    return dropped;
  } finally {
    // A connection that failed may hold the lock still: it is thrown away, and the lock with it.
    client.release(broken);
  }
}

async function dropAll(client: PoolClient, runId: string): Promise<number> {
  // A table has one partition at a time that is being detached: what a killed process began comes first.
  for (const { name } of await partitions(client, "inhdetachpending"))
    await client.query(`ALTER TABLE verdict DETACH PARTITION ${name} FINALIZE`);
  const tables = await partitions(client, "starts_with(relname, $1)", [runId]);
  for (const { name, pending } of tables) {
    if (pending !== null) await client.query(`ALTER TABLE verdict DETACH PARTITION ${name} CONCURRENTLY`);
    await client.query(`DROP TABLE ${name}`);
  }
  return tables.length;
}

async function partitions(client: PoolClient, where: string, values: unknown[] = []): Promise<Partition[]> {
  const { rows } = await client.query<Partition>(
    `SELECT pg_class.oid::regclass::text AS name, inhdetachpending AS pending
     FROM pg_class LEFT JOIN pg_inherits ON inhrelid = pg_class.oid AND inhparent = 'verdict'::regclass
     WHERE relnamespace = 'verdict_partition'::regnamespace AND relkind = 'r' AND ${where}`,
    values,
  );
  return rows;
}
