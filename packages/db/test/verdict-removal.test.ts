import type { Pool, PoolClient } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { dropVerdicts, ingestInputs, publishVerdicts, verdictPartition } from "../src/index.ts";
import { seedRun } from "./seed.ts";

let database: TestDatabase;
let pool: Pool;
let seed: Awaited<ReturnType<typeof seedRun>>;
/** A run that stays. */
let kept: string;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  seed = await seedRun(database);
  const rows = Array.from({ length: 50 }, (_, i) => ({
    externalId: `${i}`,
    split: "TEST" as const,
    label: i % 2,
  }));
  await ingestInputs(pool, seed.dataset.id, rows);
  kept = await publishedRun();
});
afterAll(() => database.close());

async function publishedRun(): Promise<string> {
  const { id, configuration, ...run } = seed.run;
  const { id: runId } = await database.prisma.run.create({ data: { ...run, configuration: {} } });
  const inputs = await database.prisma.input.findMany({ where: { datasetId: seed.dataset.id } });
  const verdicts = inputs.map(({ id: inputId, externalId, position }) => ({
    ...{ inputId, externalId, position, label: 0, predictedClass: 0, oracleClass: 0, confidence: 0.5 },
    ...{ verdict: "OK" as const, score: 0, threshold: 1, misclassified: false, fault: "NONE" as const },
    concepts: [0],
  }));
  await publishVerdicts(pool, { runId, attempt: 1, verdicts });
  return runId;
}

/** A transaction that has begun to read verdicts and does not go on. */
async function stalledReader(): Promise<PoolClient> {
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query(`DECLARE slow CURSOR FOR SELECT * FROM verdict WHERE run_id = '${kept}'`);
  await client.query("FETCH 1 FROM slow");
  return client;
}

/** Reads another run's verdicts; fails when it waits for a lock for more than 250 ms, however slow the machine is. */
async function readKept(): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN; SET LOCAL lock_timeout = '250ms'");
    const { rowCount } = await client.query("SELECT FROM verdict WHERE run_id = $1", [kept]);
    await client.query("COMMIT");
    return rowCount ?? 0;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

async function tablesOf(runId: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND starts_with(relname, $1)",
    [runId],
  );
  return rows.map(({ name }) => name);
}

const pending = async () =>
  (await pool.query("SELECT FROM pg_inherits WHERE inhparent = 'verdict'::regclass AND inhdetachpending"))
    .rowCount;

describe("dropVerdicts", () => {
  let runId: string;
  beforeEach(async () => {
    runId = await publishedRun();
  });

  test("leaves the verdicts of a run that exists", async () => {
    expect(await dropVerdicts(pool, runId)).toBe(0);
    expect(await database.prisma.verdict.count({ where: { runId } })).toBe(50);
  });

  test("holds nobody up while a reader that began before is not done", async () => {
    const reader = await stalledReader();
    await database.prisma.run.delete({ where: { id: runId } });
    const dropping = dropVerdicts(pool, runId);
    await vi.waitFor(async () => expect(await pending()).toBe(1), { timeout: 10_000 });
    for (let i = 0; i < 20; i++) expect(await readKept()).toBe(50);
    // Another run is published meanwhile, and read at once.
    const published = await publishedRun();
    expect(await database.prisma.verdict.count({ where: { runId: published } })).toBe(50);
    expect(await tablesOf(runId)).toHaveLength(1);
    await reader.query("COMMIT");
    reader.release();
    expect(await dropping).toBe(1);
    expect(await tablesOf(runId)).toEqual([]);
  });

  test("would hold everybody up if it dropped the partition as it is", async () => {
    const reader = await stalledReader();
    const dropping = pool.query(`DROP TABLE ${verdictPartition(runId, 1)}`);
    await vi.waitFor(async () => await expect(readKept()).rejects.toMatchObject({ code: "55P03" }), {
      timeout: 10_000,
    });
    await reader.query("COMMIT");
    reader.release();
    await dropping;
  });

  test("finishes what a killed process began, its own and another run's", async () => {
    const other = await publishedRun();
    await database.prisma.run.deleteMany({ where: { id: { in: [runId, other] } } });
    const reader = await stalledReader();
    const killed = await pool.connect();
    const { rows } = await killed.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const detaching = killed.query(
      `ALTER TABLE verdict DETACH PARTITION ${verdictPartition(other, 1)} CONCURRENTLY`,
    );
    const failed = expect(detaching).rejects.toThrow();
    await vi.waitFor(async () => expect(await pending()).toBe(1), { timeout: 10_000 });
    await pool.query("SELECT pg_terminate_backend($1)", [rows[0].pid]);
    await failed;
    killed.release(true);
    await reader.query("COMMIT");
    reader.release();
    expect(await pending()).toBe(1);
    expect(await dropVerdicts(pool, runId)).toBe(1);
    // It stands alone now: detached, and not dropped yet.
    expect(await tablesOf(other)).toHaveLength(1);
    expect(await dropVerdicts(pool, other)).toBe(1);
    expect(await tablesOf(other)).toEqual([]);
  });

  test("of many at once drops each once", async () => {
    const others = [runId, await publishedRun(), await publishedRun()];
    await database.prisma.run.deleteMany({ where: { id: { in: others } } });
    const dropped = await Promise.all([...others, ...others].map((id) => dropVerdicts(pool, id)));
    expect(dropped.sort()).toEqual([0, 0, 0, 1, 1, 1]);
    expect(await readKept()).toBe(50);
  });
});
