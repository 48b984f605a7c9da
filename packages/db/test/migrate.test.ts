import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { diagnoseHistory, schemaDifference } from "../scripts/schema-engine.ts";
import { MigrationError, migrate, migrationsDirectory, Notifications, readMigrations } from "../src/index.ts";
import { seedRun } from "./seed.ts";

const databases: TestDatabase[] = [];
let folder: string;

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ migrated: false });
  databases.push(database);
  return database;
}

/** A copy of prisma/migrations with one more. */
async function withMigration(name: string, sql: string): Promise<string> {
  const directory = await mkdtemp(path.join(folder, "migrations-"));
  await cp(migrationsDirectory, directory, { recursive: true });
  await mkdir(path.join(directory, name));
  await writeFile(path.join(directory, name, "migration.sql"), sql);
  return directory;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "faultline-migrate-"));
});

afterAll(async () => {
  for (const database of databases) await database.close();
  await rm(folder, { recursive: true, force: true });
});

describe("migrate", () => {
  test("applies every migration once, with the job queue, and keeps Prisma's history", async () => {
    const { url, pool } = await emptyDatabase();
    const migrations = await readMigrations();
    expect(await migrate(url)).toEqual(migrations.map(({ name }) => name));
    expect(await migrate(url)).toEqual([]);

    const { rows } = await pool.query(
      "SELECT migration_name, checksum, finished_at, applied_steps_count FROM _prisma_migrations ORDER BY 1",
    );
    expect(rows.map((row) => row.migration_name)).toEqual(migrations.map(({ name }) => name));
    const file = await readFile(path.join(migrationsDirectory, rows[0].migration_name, "migration.sql"));
    expect(rows[0].checksum).toBe(createHash("sha256").update(file).digest("hex"));
    expect(rows[0].finished_at).toBeInstanceOf(Date);
    expect(rows[0].applied_steps_count).toBe(1);
    expect(await diagnoseHistory(url)).toMatchObject({
      hasMigrationsTable: true,
      history: null,
      editedMigrationNames: [],
      failedMigrationNames: [],
    });
    const queue = await pool.query("SELECT to_regproc('graphile_worker.add_job') IS NOT NULL AS installed");
    expect(queue.rows[0].installed).toBe(true);
  });

  test("agrees with schema.prisma but for the foreign keys that verdict does without", async () => {
    const { url } = await emptyDatabase();
    await migrate(url);
    const difference = await schemaDifference(url);
    const statements = difference.match(/^[A-Z].*;$/gm) ?? [];
    expect(statements.map((sql) => /^ALTER TABLE "verdict" ADD CONSTRAINT "(\w+)"/.exec(sql)?.[1])).toEqual([
      "verdict_run_id_fkey",
      "verdict_input_id_fkey",
    ]);
  });

  test("lets many processes start at once", async () => {
    const { url, pool } = await emptyDatabase();
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    const { rows } = await pool.query("SELECT count(*)::int AS count FROM _prisma_migrations");
    expect(rows[0].count).toBe((await readMigrations()).length);
  });

  test("keeps the data that a database holds", async () => {
    const database = await emptyDatabase();
    await migrate(database.url);
    const { run } = await seedRun(database);
    const directory = await withMigration(
      "29990101000000_next",
      `ALTER TABLE "run" ADD COLUMN "note" TEXT NOT NULL DEFAULT 'none';`,
    );
    expect(await migrate(database.url, { directory })).toEqual(["29990101000000_next"]);
    const { rows } = await database.pool.query("SELECT name, note FROM run WHERE id = $1", [run.id]);
    expect(rows).toEqual([{ name: "run", note: "none" }]);
  });

  test("brings the changes of API tokens to a database that has tokens", async () => {
    const database = await emptyDatabase();
    const name = "20261125000000_api_token_changes";
    const earlier = await mkdtemp(path.join(folder, "migrations-"));
    const later = (await readdir(migrationsDirectory)).filter(
      (folder) => /^\d/.test(folder) && folder >= name,
    );
    const isEarlier = (source: string) => !later.some((folder) => source.includes(folder));
    await cp(migrationsDirectory, earlier, { recursive: true, filter: isEarlier });
    await migrate(database.url, { directory: earlier });
    const { prefix } = await database.prisma.apiToken.create({
      data: { name: "ci", prefix: "0123456789ab", secretHash: new Uint8Array(32), scopes: ["READ"] },
    });
    expect(await migrate(database.url)).toEqual(later.sort());

    const notifications = await Notifications.open(database.url);
    try {
      const told = new Promise<void>((resolve) => notifications.subscribe("api_token", prefix, resolve));
      await database.prisma.apiToken.update({ where: { prefix }, data: { revokedAt: new Date() } });
      await told;
    } finally {
      await notifications.close();
    }
  });

  test("undoes a migration that fails, and can go on after it is mended", async () => {
    const { url, pool } = await emptyDatabase();
    const name = "29990101000000_broken";
    const directory = await withMigration(name, "CREATE TABLE half (id int); SELECT 1 / 0;");
    await expect(migrate(url, { directory })).rejects.toMatchObject({ code: "FAILED", migration: name });
    const { rows } = await pool.query("SELECT to_regclass('half') AS half, to_regclass('run')::text AS run");
    expect(rows[0]).toEqual({ half: null, run: "run" });
    await writeFile(path.join(directory, name, "migration.sql"), "CREATE TABLE half (id int);");
    expect(await migrate(url, { directory })).toEqual([name]);
  });

  test("refuses edited, missing, late and unfinished history", async () => {
    const { url, pool } = await emptyDatabase();
    const name = "29990101000000_next";
    const directory = await withMigration(name, "SELECT 1;");
    await migrate(url, { directory });

    await writeFile(path.join(directory, name, "migration.sql"), "SELECT 2;");
    await expect(migrate(url, { directory })).rejects.toMatchObject({ code: "EDITED", migration: name });
    await expect(migrate(url)).rejects.toMatchObject({ code: "MISSING", migration: name });
    await expect(migrate(url)).rejects.toBeInstanceOf(MigrationError);

    await writeFile(path.join(directory, name, "migration.sql"), "SELECT 1;");
    await mkdir(path.join(directory, "29980101000000_late"));
    await writeFile(path.join(directory, "29980101000000_late", "migration.sql"), "SELECT 1;");
    await expect(migrate(url, { directory })).rejects.toMatchObject({ code: "MISSING" });

    await pool.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = $1", [name]);
    await expect(migrate(url, { directory })).rejects.toMatchObject({ code: "UNFINISHED", migration: name });
  });
});

describe("constraints of the schema", () => {
  test("one brought matrix of a kind, also where it has no model version", async () => {
    const database = await emptyDatabase();
    await migrate(database.url);
    const { dataset, vlm } = await seedRun(database);
    const data = {
      datasetId: dataset.id,
      kind: "IMAGE_EMBEDDING" as const,
      visionLanguageModelId: vlm.id,
      artifactSha256: "0".repeat(64),
      rows: 1,
      columns: 16,
    };
    await database.prisma.embeddingSet.create({ data });
    await expect(database.prisma.embeddingSet.create({ data })).rejects.toMatchObject({ code: "P2002" });
  });

  test("negative counts and sizes are refused", async () => {
    const { prisma } = databases.at(-1)!;
    await expect(prisma.artifact.create({ data: { sha256: "0".repeat(64), bytes: -1 } })).rejects.toThrow(
      /artifact_bytes_check/,
    );
    await expect(prisma.artifact.create({ data: { sha256: "Z".repeat(64), bytes: 1 } })).rejects.toThrow(
      /artifact_sha256_check/,
    );
  });
});
