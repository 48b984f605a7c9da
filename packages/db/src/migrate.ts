import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runMigrations as migrateQueue } from "graphile-worker";
import pg from "pg";

export type MigrationErrorCode = "EDITED" | "MISSING" | "UNFINISHED" | "FAILED";

/** The database's migration history and the files in prisma/migrations disagree, or a migration failed. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
  constructor(
    readonly code: MigrationErrorCode,
    readonly migration: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface Migration {
  /** Folder name, `<timestamp>_<what>`; migrations apply in the order of names. */
  name: string;
  sql: string;
  /** sha256 of the file in hexadecimal, as Prisma keeps it. */
  checksum: string;
}

interface AppliedMigration {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

export const migrationsDirectory = fileURLToPath(new URL("../../../prisma/migrations", import.meta.url));

/** The lock that `prisma migrate` itself takes, so that the two exclude each other. */
const advisoryLock = 72707369;

/** The same table as Prisma's, so that `prisma migrate deploy` agrees with what we applied. */
const historyTable = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                  VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"            VARCHAR(64) NOT NULL,
    "finished_at"         TIMESTAMPTZ,
    "migration_name"      VARCHAR(255) NOT NULL,
    "logs"                TEXT,
    "rolled_back_at"      TIMESTAMPTZ,
    "started_at"          TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
  )`;

/** The migrations in a folder, in the order in which they apply. */
export async function readMigrations(directory = migrationsDirectory): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(directory, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

/**
 * Brings the database to the newest migration and installs the job queue's own schema. Each migration is one
 * transaction: it applies wholly or not at all. Many processes may call it at once; one does the work.
 *
 * @returns the names of the migrations that were applied, none when the database was up to date.
 * @throws MigrationError when an applied migration was edited or is missing, or when one fails.
 */
export async function migrate(url: string, options: { directory?: string } = {}): Promise<string[]> {
  const migrations = await readMigrations(options.directory);
  const client = new pg.Client({ connectionString: url, application_name: "faultline migrate" });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [advisoryLock]);
    await client.query(historyTable);
    const pending = pendingMigrations(migrations, await appliedMigrations(client));
    for (const migration of pending) await apply(client, migration);
    await migrateQueue({ connectionString: url });
    return pending.map((migration) => migration.name);
  } finally {
    // Ending the session frees the advisory lock.
    await client.end();
  }
}

async function appliedMigrations(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name, checksum, finished_at FROM "_prisma_migrations"
     WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
  );
  return rows;
}

function pendingMigrations(migrations: Migration[], applied: AppliedMigration[]): Migration[] {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  const done = new Set<string>();
  for (const { migration_name: name, checksum, finished_at } of applied) {
    if (finished_at === null) {
      throw new MigrationError(
        "UNFINISHED",
        name,
        `Migration ${name} was begun by prisma migrate and did not finish. Repair the database, then mark it ` +
          `with "prisma migrate resolve".`,
      );
    }
    const migration = byName.get(name);
    if (!migration) {
      throw new MigrationError(
        "MISSING",
        name,
        `The database carries migration ${name}, which this version of Faultline does not have. ` +
          "Run the newer version, or restore the database's backup from before that migration.",
      );
    }
    if (migration.checksum !== checksum) {
      throw new MigrationError(
        "EDITED",
        name,
        `Migration ${name} was edited after it was applied. Restore the file and put the change in a new migration.`,
      );
    }
    done.add(name);
  }
  const pending = migrations.filter((migration) => !done.has(migration.name));
  const newest = applied.at(-1)?.migration_name ?? "";
  const late = pending.find((migration) => migration.name < newest);
  if (late) {
    throw new MigrationError(
      "MISSING",
      late.name,
      `Migration ${late.name} is older than ${newest}, which the database already carries, but was never applied. ` +
        "Give it a newer timestamp.",
    );
  }
  return pending;
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    const { rows } = await client.query<{ started: Date }>("SELECT clock_timestamp() AS started");
    await client.query(sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name, rows[0].started],
    );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw new MigrationError("FAILED", name, `Migration ${name} failed and was undone: ${String(error)}`, {
      cause: error,
    });
  }
}
