import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import lockfile from "proper-lockfile";
import { EmbeddedCluster, EmbeddedPostgresError, user } from "./embedded-cluster.ts";
import { EmbeddedUsers } from "./embedded-users.ts";

export interface EmbeddedPostgresOptions {
  /** Folder of the cluster, its password, its lock and its users; created if absent, kept by stop(). */
  dataDirectory: string;
  /** TCP port on 127.0.0.1; a free one by default. A server that already runs keeps its own. */
  port?: number;
  /** PostgreSQL settings over our own defaults. */
  settings?: Record<string, string>;
  /** Told when the server was found dead and started again, or could not be: then it is tried again. */
  restarted?: (error?: unknown) => void;
}

export interface EmbeddedPostgres {
  /** Connection URL of the database `faultline`; the same as long as anybody uses the server. */
  url: string;
  port: number;
  /** Says that this process no longer uses the server; the last to say so ends it. Data stays. Safe to call twice. */
  stop(): Promise<void>;
}

const database = "faultline";
const lock = { stale: 10_000, onCompromised: () => undefined };

/** Milliseconds between looks whether the server lives. */
const watchInterval = 500;

/**
 * Starts a PostgreSQL 18 that lives in a folder, or joins the one that already runs there.
 *
 * The server belongs to all processes that use it, on equal terms: it stops with the last of them, and when it dies,
 * the first of them to notice starts it again, on the same port. A process that was killed does not count; if it was
 * the only one, its server waits for the next caller. Safe when many processes call this at once. As root, the server
 * runs as the system user `postgres`, which is made if absent.
 *
 * @throws EmbeddedPostgresError with the end of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = path.resolve(options.dataDirectory);
  await mkdir(folder, { recursive: true });
  // As root, the server's own account has to pass through.
  if (process.getuid?.() === 0) await chmod(folder, 0o711);
  const users = new EmbeddedUsers(folder);
  return exclusively(folder, async () => {
    const cluster = await EmbeddedCluster.open(folder);
    users.join();
    try {
      const port = (await cluster.runningPort()) ?? (await cluster.start(options.settings, options.port));
      const url = `postgresql://${user}:${cluster.password}@127.0.0.1:${port}/${database}`;
      await ensureDatabase(url);
      return { url, port, stop: use(folder, cluster, users, { ...options, port }) };
    } catch (error) {
      await leave(cluster, users).catch(() => undefined);
      throw error;
    }
  });
}

/** Stops the server unless somebody else uses it. */
async function leave(cluster: EmbeddedCluster, users: EmbeddedUsers): Promise<void> {
  users.leave();
  if (!users.any() && (await cluster.runningPort()) !== null) await cluster.stop();
}

/** Watches over the server until the function that it returns is called, or the process exits. */
function use(
  folder: string,
  cluster: EmbeddedCluster,
  users: EmbeddedUsers,
  { settings, port, restarted }: EmbeddedPostgresOptions,
): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  let looking = false;
  const look = async () => {
    if (looking || (await cluster.runningPort()) !== null) return;
    looking = true;
    try {
      await exclusively(folder, async () => {
        if (stopping || (await cluster.runningPort()) !== null) return;
        await cluster.start(settings, port);
        restarted?.();
      });
    } catch (error) {
      restarted?.(error);
    } finally {
      looking = false;
    }
  };
  const watch = setInterval(() => void look(), watchInterval).unref();

  // A process that exits without stop() must not leave a server behind.
  const onExit = () => {
    users.leave();
    exclusivelySync(folder, () => {
      if (!users.any()) cluster.stopSync();
    });
  };
  process.once("exit", onExit);

  const stop = async () => {
    clearInterval(watch);
    await exclusively(folder, async () => {
      process.off("exit", onExit);
      await leave(cluster, users);
    });
  };
  return () => {
    stopping ??= stop();
    return stopping;
  };
}

/**
 * Runs `work` while no other process runs its own on this folder. A process that was suspended for long loses the lock
 * and goes on: PostgreSQL itself keeps two servers from one cluster, and an error thrown from a timer, which is the
 * library's own way, would end the process.
 */
async function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const release = await lockfile.lock(folder, {
    ...lock,
    retries: { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}

/** The same for a process that exits; who holds the lock for longer is starting the server, and wants it to stay. */
function exclusivelySync(folder: string, work: () => void): void {
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      const release = lockfile.lockSync(folder, lock);
      work();
      release();
      return;
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
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
