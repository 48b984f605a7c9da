// Real PostgreSQL for tests. Vitest's globalSetup starts one embedded cluster a run; each test file asks
// createTestDatabase() for a database of its own, copied from a migrated template in some 50 ms.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Database } from "@faultline/db";

const template = "faultline_template";

export interface TestDatabase extends Database {
  url: string;
  /** Closes the connections and drops the database. */
  close(): Promise<void>;
}

/** A migrated, empty database; call close() in afterAll. With `migrated: false`, one without any table. */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const server = process.env.FAULTLINE_TEST_POSTGRES;
  if (!server) throw new Error("No test cluster: is test/postgres-setup.ts in vitest's globalSetup?");
  const { openDatabase } = await import("@faultline/db");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${migrated ? template : "template0"}`);
  const url = databaseUrl(server, name);
  const database = openDatabase(url);
  return {
    ...database,
    url,
    close: async () => {
      await database.close();
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Called by Vitest once before all test files. */
export async function setup(): Promise<() => Promise<void>> {
  const generate = fileURLToPath(new URL("../packages/db/scripts/generate.mjs", import.meta.url));
  execFileSync(process.execPath, [generate], { stdio: "inherit" });
  const { migrate, startEmbeddedPostgres } = await import("@faultline/db");

  const dataDirectory = await mkdtemp(path.join(tmpdir(), "faultline-test-"));
  const server = await startEmbeddedPostgres({
    dataDirectory,
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", shared_buffers: "128MB" },
  });
  const watchdog = await stopWhenWeDie(dataDirectory);
  await administer(server.url, `CREATE DATABASE ${template}`);
  await migrate(databaseUrl(server.url, template));
  process.env.FAULTLINE_TEST_POSTGRES = server.url;

  return async () => {
    await server.stop();
    await rm(dataDirectory, { recursive: true, force: true });
    watchdog.kill("SIGKILL");
  };
}

/** A shell that waits for the end of its stdin, which comes even when this process is killed outright. */
async function stopWhenWeDie(dataDirectory: string) {
  const [pid] = (await readFile(path.join(dataDirectory, "cluster/postmaster.pid"), "utf8")).split("\n");
  const script = 'cat >/dev/null; kill -INT "$1"; sleep 2; rm -rf "$2"';
  const watchdog = spawn("sh", ["-c", script, "sh", pid, dataDirectory], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  return watchdog;
}

async function administer(url: string, sql: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
