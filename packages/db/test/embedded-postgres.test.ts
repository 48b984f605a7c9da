import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databaseServer, startEmbeddedPostgres } from "../src/index.ts";

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

/** Another process, that uses the same cluster when it is told to. */
class User {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const source = new URL("../src/embedded-postgres.ts", import.meta.url).href;
    const script = `
      const { startEmbeddedPostgres } = await import(${JSON.stringify(source)});
      const { createInterface } = await import("node:readline");
      let server;
      for await (const line of createInterface({ input: process.stdin })) {
        if (line === "start") server = await startEmbeddedPostgres(${JSON.stringify({ dataDirectory, settings })});
        if (line === "stop") await server.stop();
        if (line === "exit") process.exit(0);
        process.stdout.write(server.url + "\\n");
      }`;
    this.#child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!this.#child.stdout) throw new Error("no output");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async #tell(command: string): Promise<string> {
    this.#child.stdin?.write(`${command}\n`);
    return String((await this.#lines.next()).value);
  }

  /** @returns the server's URL */
  start(): Promise<string> {
    return this.#tell("start");
  }

  async stop(): Promise<void> {
    await this.#tell("stop");
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  async exited(): Promise<void> {
    if (this.alive) await once(this.#child, "exit");
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited();
  }
}

/** Runs `work` with processes that are killed at its end. */
async function withUsers(count: number, work: (users: User[]) => Promise<void>): Promise<void> {
  const users = Array.from({ length: count }, () => new User());
  try {
    await work(users);
  } finally {
    for (const user of users) await user.kill();
  }
}

async function expectServed(url: string): Promise<void> {
  expect((await query(url, "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
}

async function expectStopped(url: string): Promise<void> {
  await expect(query(url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
}

/** Waits until the server that was killed or told to stop is there no more. */
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

/** Tries until it succeeds. */
async function until(attempt: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
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

test("many callers at once share one server, which stops with the last", async () => {
  const servers = await Promise.all(
    Array.from({ length: 3 }, () => startEmbeddedPostgres({ dataDirectory, settings })),
  );
  const [{ url }] = servers;
  expect(new Set(servers.map((server) => server.url)).size).toBe(1);
  for (const server of servers) {
    await expectServed(url);
    await server.stop();
  }
  await expectStopped(url);
});

test("stops with the last of three processes, in whatever order they leave", async () => {
  await withUsers(3, async (users) => {
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const url = await users[0].start();
      for (const user of users.slice(1)) expect(await user.start()).toBe(url);
      for (const index of order) {
        await expectServed(url);
        await users[index].stop();
      }
      await expectStopped(url);
    }
  });
}, 120_000);

test("a user that left may come back while others use the server", async () => {
  await withUsers(2, async ([first, second]) => {
    const url = await first.start();
    await second.start();
    await first.stop();
    expect(await first.start()).toBe(url);
    await second.stop();
    await expectServed(url);
    await first.stop();
    await expectStopped(url);
  });
});

test("a killed process does not keep the server, and does not take it from others", async () => {
  await withUsers(3, async ([starter, second, third]) => {
    const url = await starter.start();
    await second.start();
    await third.start();
    await starter.kill();
    await expectServed(url);
    await second.stop();
    await expectServed(url);
    await third.stop();
    await expectStopped(url);
  });
});

test("the next caller takes over a server whose users were all killed", async () => {
  await withUsers(1, async ([starter]) => {
    const url = await starter.start();
    await starter.kill();
    await expectServed(url);
    const next = await startEmbeddedPostgres({ dataDirectory, settings });
    expect(next.url).toBe(url);
    await next.stop();
    await expectStopped(url);
  });
});

test("a process that exits without a word takes the server with it only if it was the last", async () => {
  await withUsers(2, async ([first, second]) => {
    const url = await first.start();
    await second.start();
    const pid = await serverPid();
    first.tell("exit");
    await first.exited();
    await expectServed(url);
    second.tell("exit");
    await second.exited();
    await waitUntilDead(pid);
  });
});

test("a server that is killed is started again where it was, data and all, whoever started it", async () => {
  await withUsers(2, async ([starter, other]) => {
    const url = await starter.start();
    await other.start();
    await query(url, "CREATE TABLE recovered AS SELECT 7 AS value");
    for (let kill = 0; kill < 2; kill++) {
      const pid = await serverPid();
      process.kill(pid, "SIGKILL");
      await waitUntilDead(pid);
      await until(async () => {
        const { rows } = await query(url, "SELECT value FROM recovered");
        expect(rows).toEqual([{ value: 7 }]);
      });
      // The second time without the one that started it.
      if (kill === 0) await starter.stop();
    }
    await other.stop();
    await expectStopped(url);
  });
}, 60_000);

test("goes on when its lock was taken from it, as from a process that was suspended", async () => {
  // What looks like a server that never answers holds the start up while the lock is taken away.
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-embedded-"));
  const cluster = path.join(folder, "cluster");
  await mkdir(cluster);
  await writeFile(path.join(cluster, "PG_VERSION"), "18\n");
  const dummy = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)", cluster]);
  await writeFile(path.join(cluster, "postmaster.pid"), `${dummy.pid}\n${cluster}\n0\n1\n\n127.0.0.1\n`);
  const source = new URL("../src/embedded-postgres.ts", import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(source)});
    await startEmbeddedPostgres({ dataDirectory: ${JSON.stringify(folder)} });`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  try {
    const lock = `${folder}.lock`;
    await until(() => stat(lock));
    await rm(lock, { recursive: true });
    // The lock's holder looks after it every 5 s.
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  } finally {
    child.kill("SIGKILL");
    dummy.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
});

test("a user's file whose pid is another process's now does not keep the server", async () => {
  const server = await startEmbeddedPostgres({ dataDirectory, settings });
  await writeFile(path.join(dataDirectory, "users", `${process.pid}.000000000000`), "another start");
  await server.stop();
  await expectStopped(server.url);
});

test("is not fooled by a pid that belongs to another program now", async () => {
  const pidFile = path.join(dataDirectory, "cluster/postmaster.pid");
  await writeFile(pidFile, `${process.pid}\n${dataDirectory}/cluster\n0\n5432\n\n127.0.0.1\n`);
  const server = await startEmbeddedPostgres({ dataDirectory, settings });
  await expectServed(server.url);
  await server.stop();
});

test("says why a server cannot start", async () => {
  const broken = { dataDirectory, settings: { ...settings, shared_buffers: "nonsense" } };
  await expect(startEmbeddedPostgres(broken)).rejects.toThrow(/did not start.*shared_buffers/s);
});

test("DATABASE_URL names the team's own server", async () => {
  const url = "postgresql://team@example.org/faultline";
  expect(await databaseServer({ DATABASE_URL: url })).toMatchObject({ url });
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
