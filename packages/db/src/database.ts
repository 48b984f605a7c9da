import path from "node:path";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import { PrismaClient } from "./generated/client.ts";

/** The PostgreSQL server that holds Faultline's database. */
export interface DatabaseServer {
  url: string;
  /** True when it is the embedded server and this process owns it. */
  owned: boolean;
  /** Ends an embedded server that this process owns; does nothing to a team's own server. */
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
  return path.resolve(environment.FAULTLINE_DATA || fileURLToPath(new URL("../../../data", import.meta.url)));
}

/** The server of DATABASE_URL where that is set, otherwise the embedded one under the data directory. */
export async function databaseServer(environment: NodeJS.ProcessEnv = process.env): Promise<DatabaseServer> {
  const url = environment.DATABASE_URL;
  if (url) return { url, owned: false, stop: async () => {} };
  return startEmbeddedPostgres({ dataDirectory: path.join(dataDirectory(environment), "postgres") });
}

export interface DatabaseOptions {
  /** Largest number of connections of this process, shared by Prisma and the pool; 10 by default. */
  connections?: number;
  /**
   * Longest time of a statement in milliseconds, after which PostgreSQL cancels it (SQLSTATE 57014); no bound by
   * default. A transaction that needs longer says `SET LOCAL statement_timeout`.
   */
  statementTimeout?: number;
  /** Longest wait for a connection in milliseconds; no bound by default. */
  acquireTimeout?: number;
}

/** Connects to a migrated database. Does not migrate: call `migrate(url)` first. */
export function openDatabase(
  url: string,
  { connections = 10, statementTimeout, acquireTimeout }: DatabaseOptions = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: "faultline",
    statement_timeout: statementTimeout,
    connectionTimeoutMillis: acquireTimeout,
  });
  // A lost connection fails the query that runs on it, and the pool replaces it. The event besides would end
  // the process where nobody listens: on the pool while the connection is idle, on itself while it is in use.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
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
