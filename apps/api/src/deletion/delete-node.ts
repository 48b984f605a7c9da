import pg from "pg";
import type { Context } from "../context.ts";
import { ConflictError, type Dependents, DependentsError } from "../errors.ts";
import { type KindName, kindNames, kindOf } from "./kinds.ts";

/** Names of dependents that a refusal tells, at most. */
const mostExamples = 5;

/** How long a deletion waits for work at the rows that it deletes, in milliseconds. */
const lockTimeout = 10_000;

/** Rows that go, by kind. */
type Doomed = Map<KindName, string[]>;

/**
 * Deletes a node in one transaction, with its parts, and with what depends on it if that is wished. Verdicts and
 * artifacts follow by jobs of the workers (packages/db: verdict-removal.ts, artifact-sweep.ts). Names and idempotency
 * keys are free again.
 *
 * Every row that goes is locked before its dependents are looked for, so none can be added meanwhile: a request that
 * refers to one of them waits, and is then told that it is gone.
 *
 * @returns what depended on it and is deleted too; null when the node was gone already
 * @throws DependentsError when there are dependents and they were not to be deleted
 * @throws ConflictError while a run goes on, or a dataset is read; when the rows are in use for too long
 */
export async function deleteNode(
  { pool }: Pick<Context, "pool">,
  kind: KindName,
  id: string,
  withDependents: boolean,
): Promise<Dependents[] | null> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockTimeout}`);
    const doomed = await lockDoomed(client, kind, id);
    const dependents = await describeDependents(client, doomed, kind, id);
    const found = doomed.get(kind)?.includes(id) ?? false;
    if (found) {
      if (!withDependents) {
        await requireAtRest(client, kind, id);
        if (dependents.length > 0) throw new DependentsError(dependents);
      }
      await deleteRows(client, doomed);
    }
    await client.query("COMMIT");
    return found ? dependents : null;
  } catch (error) {
    await client.query("ROLLBACK").catch((failure: Error) => {
      broken = failure;
    });
    throw isBusy(error)
      ? new ConflictError("id", "Others are working on it, or on what depends on it. Try again in a moment.")
      : error;
  } finally {
    client.release(broken);
  }
}

async function lockDoomed(client: pg.PoolClient, root: KindName, id: string): Promise<Doomed> {
  const found = new Map<KindName, Set<string>>([[root, new Set([id])]]);
  const doomed: Doomed = new Map();
  for (const name of kindNames) {
    const { table, dependents } = kindOf(name);
    const locked = new Set<string>();
    // Attacked datasets depend on clean ones, which are of the same kind: until none comes anew.
    for (let fresh = [...(found.get(name) ?? [])]; fresh.length > 0; ) {
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM ${table} WHERE id = ANY($1) ORDER BY id FOR UPDATE`,
        [fresh],
      );
      const ids = rows.map((row) => row.id);
      for (const one of ids) locked.add(one);
      for (const [dependent, sql] of Object.entries(dependents) as [KindName, string][]) {
        const { rows: others } = await client.query<{ id: string }>(sql, [ids]);
        const all = found.get(dependent) ?? new Set();
        found.set(dependent, new Set([...all, ...others.map((row) => row.id)]));
      }
      fresh = [...(found.get(name) ?? [])].filter((one) => !locked.has(one) && !fresh.includes(one));
    }
    doomed.set(name, [...locked]);
  }
  return doomed;
}

async function describeDependents(
  client: pg.PoolClient,
  doomed: Doomed,
  root: KindName,
  id: string,
): Promise<Dependents[]> {
  const described: Dependents[] = [];
  for (const [kind, all] of doomed) {
    const ids = kind === root ? all.filter((one) => one !== id) : all;
    if (ids.length === 0) continue;
    const { table, name } = kindOf(kind);
    const { rows } = await client.query<{ name: string }>(
      `SELECT ${name} AS name FROM ${table} t WHERE id = ANY($1) ORDER BY id DESC LIMIT $2`,
      [ids, mostExamples],
    );
    described.push({ kind, count: ids.length, examples: rows.map((row) => row.name) });
  }
  return described;
}

/** @throws ConflictError when workers are at it */
async function requireAtRest(client: pg.PoolClient, kind: KindName, id: string): Promise<void> {
  if (kind !== "Run" && kind !== "Dataset") return;
  const { rows } = await client.query<{ status: string }>(
    `SELECT status FROM ${kindOf(kind).table} WHERE id = $1`,
    [id],
  );
  const status = rows[0]?.status;
  if (status === "QUEUED" || status === "RUNNING")
    throw new ConflictError(
      "id",
      `The run is ${status}. Cancel it first (cancelRun), or delete it withDependents, which stops it too.`,
    );
  if (status === "INGESTING")
    throw new ConflictError(
      "id",
      "The dataset is being read. Wait until it is READY or FAILED, or delete it withDependents, which stops that too.",
    );
}

async function deleteRows(client: pg.PoolClient, doomed: Doomed): Promise<void> {
  for (const kind of [...kindNames].reverse()) {
    const ids = doomed.get(kind) ?? [];
    if (ids.length > 0) await client.query(`DELETE FROM ${kindOf(kind).table} WHERE id = ANY($1)`, [ids]);
  }
  // A repeat of the request that made it makes it anew.
  await client.query("DELETE FROM idempotency_key WHERE node_id = ANY($1::text[]) OR project_id = ANY($2)", [
    [...doomed.values()].flat(),
    doomed.get("Project") ?? [],
  ]);
}

/** Waited too long for a lock, or for each other. */
function isBusy(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === "55P03" || error.code === "40P01");
}
