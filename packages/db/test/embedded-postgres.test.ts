import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databaseServer, type EmbeddedPostgres, startEmbeddedPostgres } from "../src/index.ts";

let dataDirectory: string;
const settings = { shared_buffers: "16MB", fsync: "off" };

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

async function serverPid(): Promise<number> {
  return Number((await readFile(path.join(dataDirectory, "cluster/postmaster.pid"), "utf8")).split("\n")[0]);
}

/** Another process that starts the same cluster, says how it went, and then waits to be killed. */
async function startInChild() {
  const source = new URL("../src/embedded-postgres.ts", import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(source)});
    const { url, owned } = await startEmbeddedPostgres(${JSON.stringify({ dataDirectory, settings })});
    process.stdout.write(JSON.stringify({ url, owned }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  const kill = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  return { ...(JSON.parse(String(output)) as Pick<EmbeddedPostgres, "url" | "owned">), kill };
}

async function waitUntilDead(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  dataDirectory = await mkdtemp(path.join(tmpdir(), "faultline-embedded-"));
});

afterAll(async () => {
  await (await startEmbeddedPostgres({ dataDirectory, settings })).stop();
  await rm(dataDirectory, { recursive: true, force: true });
});

test("starts, keeps its data over a restart, and hides its password", async () => {
  const first = await startEmbeddedPostgres({ dataDirectory, settings });
  expect(first.owned).toBe(true);
  await query(first.url, "CREATE TABLE kept AS SELECT 42 AS value");
  expect((await stat(path.join(dataDirectory, "password"))).mode & 0o777).toBe(0o600);
  await expect(query(first.url.replace(/:[0-9a-f]+@/, ":wrong@"), "SELECT 1")).rejects.toMatchObject({
    code: "28P01",
  });
  await first.stop();
  await first.stop();
  await expect(query(first.url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });

  const second = await startEmbeddedPostgres({ dataDirectory, settings });
  expect((await query(second.url, "SELECT value FROM kept")).rows).toEqual([{ value: 42 }]);
  await second.stop();
});

test("many callers at once share one server; only its owner ends it", async () => {
  const servers = await Promise.all(
    Array.from({ length: 3 }, () => startEmbeddedPostgres({ dataDirectory, settings })),
  );
  const child = await startInChild();
  expect(new Set([...servers, child].map(({ url }) => url)).size).toBe(1);
  expect(servers.filter(({ owned }) => owned)).toHaveLength(1);
  expect(child.owned).toBe(false);
  await child.kill();
  for (const server of servers.filter(({ owned }) => !owned)) await server.stop();
  expect((await query(child.url, "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await servers.find(({ owned }) => owned)?.stop();
});

test("adopts the server of a killed process", async () => {
  const child = await startInChild();
  expect(child.owned).toBe(true);
  await child.kill();
  const adopted = await startEmbeddedPostgres({ dataDirectory, settings });
  expect(adopted).toMatchObject({ url: child.url, owned: true });
  await adopted.stop();
  await expect(query(child.url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("recovers a server that was killed with its owner, data and all", async () => {
  const first = await startEmbeddedPostgres({ dataDirectory, settings });
  await query(first.url, "CREATE TABLE recovered AS SELECT 7 AS value");
  const pid = await serverPid();
  process.kill(pid, "SIGKILL");
  await waitUntilDead(pid);
  const second = await startEmbeddedPostgres({ dataDirectory, settings });
  expect((await query(second.url, "SELECT value FROM recovered")).rows).toEqual([{ value: 7 }]);
  await second.stop();
});

test("is not fooled by a pid that belongs to another program now", async () => {
  const pidFile = path.join(dataDirectory, "cluster/postmaster.pid");
  await writeFile(pidFile, `${process.pid}\n${dataDirectory}/cluster\n0\n5432\n\n127.0.0.1\n`);
  const server = await startEmbeddedPostgres({ dataDirectory, settings });
  expect(server.owned).toBe(true);
  await server.stop();
});

test("says why a server cannot start", async () => {
  const broken = { dataDirectory, settings: { ...settings, shared_buffers: "nonsense" } };
  await expect(startEmbeddedPostgres(broken)).rejects.toThrow(/did not start.*shared_buffers/s);
});

test("DATABASE_URL names the team's own server", async () => {
  const url = "postgresql://team@example.org/faultline";
  expect(await databaseServer({ DATABASE_URL: url })).toMatchObject({ url, owned: false });
});

test("leaves the exit code of its process alone", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-embedded-"));
  const source = new URL("../src/embedded-postgres.ts", import.meta.url).href;
  // A new cluster: only initdb needs the package whose handlers would end the process with 0.
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(source)});
    const { stop } = await startEmbeddedPostgres(${JSON.stringify({ dataDirectory: folder, settings })});
    await stop();
    process.exitCode = 3;`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(child, "exit");
  expect(code).toBe(3);
  await rm(folder, { recursive: true, force: true });
});
