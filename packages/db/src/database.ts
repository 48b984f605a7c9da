import path from "node:path";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import { readEnvironment, setting } from "./environment.ts";
import { Prisma, PrismaClient } from "./generated/client.ts";

/** The PostgreSQL server that holds Faultline's database. */
export interface DatabaseServer {
  url: string;
  /** Says that this process no longer uses it: an embedded server stops with its last user, a team's own stays. */
  stop(): Promise<void>;
}

export interface Database {
  prisma: PrismaClient;
  /** For COPY, cursors and SQL that Prisma cannot say; Prisma's own connections come from it as well. */
  pool: pg.Pool;
  close(): Promise<void>;
}

/** FAULTLINE_DATA, or the folder `data` of this repository: the embedded server and the artifact store. */
export function dataDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { FAULTLINE_DATA } = readEnvironment({ FAULTLINE_DATA: setting.text().optional() }, environment);
  return path.resolve(FAULTLINE_DATA ?? fileURLToPath(new URL("../../../data", import.meta.url)));
}

/** What is said of the database's coming and going; a pino logger will do. */
export interface DatabaseLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** The server of DATABASE_URL where that is set, otherwise the embedded one under the data directory. */
export async function databaseServer(
  environment: NodeJS.ProcessEnv = process.env,
  log?: DatabaseLog,
): Promise<DatabaseServer> {
  const { DATABASE_URL: url } = readEnvironment({ DATABASE_URL: setting.text().optional() }, environment);
  if (url) return { url, stop: async () => {} };
  let failed = false;
  return startEmbeddedPostgres({
    dataDirectory: path.join(dataDirectory(environment), "postgres"),
    restarted: (err) => {
      if (!err) log?.warn({}, "the embedded PostgreSQL had died; it was started again");
      else if (!failed) log?.warn({ err }, "the embedded PostgreSQL has died and does not start yet");
      failed = err !== undefined;
    },
  });
}

export interface PoolOptions {
  /** Largest number of connections. */
  connections?: number;
  /** Longest wait for a connection, be it a free one or a new one, in milliseconds; then the query fails. */
  connectionTimeout?: number;
  /**
   * Longest time of a statement in milliseconds, after which PostgreSQL cancels it (SQLSTATE 57014); no bound by
   * default. A transaction that needs longer says `SET LOCAL statement_timeout`.
   */
  statementTimeout?: number;
  /** What the server calls its connections; "faultline" by default. */
  name?: string;
}

/** Connections that may be lost without harm: a query that runs fails, and the next one gets another connection. */
export function openPool(
  url: string,
  { connections = 10, connectionTimeout = 10_000, statementTimeout, name = "faultline" }: PoolOptions = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectionTimeout,
    statement_timeout: statementTimeout,
    application_name: name,
    keepAlive: true,
  });
  // The event of a loss would end the process where nobody listens: on the pool while the connection is idle, on
  // itself while it is in use.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/**
 * Connects to a migrated database. Does not migrate: call `migrate(url)` first.
 *
 * @param options of the pool that Prisma and `pool` share
 */
export function openDatabase(url: string, options?: PoolOptions): Database {
  const pool = openPool(url, options);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });
  return {
    prisma,
    pool,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** Said by the pool where no connection was free, or none came about, in time. */
const noConnection = new Set([
  "timeout exceeded when trying to connect",
  "Connection terminated due to connection timeout",
]);

/** SQLSTATE of a statement that was cancelled. */
const queryCanceled = "57014";

/** Whether an error, of Prisma or of the pool, says that the database gave no connection or no answer in time. */
export function isDatabaseTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (noConnection.has(error.message) || ("code" in error && error.code === queryCanceled)) return true;
  return (
    error instanceof Prisma.PrismaClientKnownRequestError && canceledBelow(error.meta?.driverAdapterError)
  );
}

function canceledBelow(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return (
    ("code" in error && error.code === queryCanceled) || ("cause" in error && canceledBelow(error.cause))
  );
}
