import type { ClientBase, Pool } from "pg";
import pg from "pg";
import type { DatabaseLog } from "./database.ts";

/** What is told of: runs by their id, and API tokens by their prefix (a trigger of the table does that). */
export type Subject = "run" | "api_token";

const channelOf = (subject: Subject) => `faultline_${subject}`;

/** Tells every listener that this run has changed; within a transaction, when that commits. */
export async function notifyRun(client: ClientBase | Pool, runId: string): Promise<void> {
  await client.query("SELECT pg_notify($1, $2)", [channelOf("run"), runId]);
}

/** Changes of runs and API tokens as they are committed, from any process, over one connection. */
export class Notifications {
  private readonly listeners = new Map<string, Set<() => void>>();
  private client: pg.Client | undefined;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  private constructor(
    private readonly url: string,
    private readonly log: DatabaseLog | undefined,
  ) {}

  /**
   * @param log told once when the connection is lost, and once when it is back
   * @throws the connection's error when the server cannot be reached at first; later losses are mended.
   */
  static async open(url: string, log?: DatabaseLog): Promise<Notifications> {
    const notifications = new Notifications(url, log);
    await notifications.connect();
    return notifications;
  }

  /** Whether changes are heard of at this moment; false while a lost connection is not mended. */
  get connected(): boolean {
    return this.client !== undefined;
  }

  /**
   * Calls the listener after each change. A notification carries no data: read the state then. After a lost
   * connection every listener is called once, since changes may have been missed.
   *
   * @param name a run's id, or a token's prefix
   * @returns ends the subscription
   */
  subscribe(subject: Subject, name: string, listener: () => void): () => void {
    const key = `${channelOf(subject)} ${name}`;
    const listeners = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(key) === listeners) this.listeners.delete(key);
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    this.listeners.clear();
    await this.client?.end();
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: "faultline notifications",
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client.on("notification", ({ channel, payload }) =>
      this.call(this.listeners.get(`${channel} ${payload}`)),
    );
    client.on("error", () => undefined);
    let ended = false;
    client.once("end", () => {
      ended = true;
      if (this.client !== client) return;
      this.client = undefined;
      if (this.closed) return;
      this.log?.warn({}, "the connection to the database is lost");
      this.reconnectSoon();
    });
    try {
      await client.connect();
      for (const subject of ["run", "api_token"] as const) await client.query(`LISTEN ${channelOf(subject)}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    if (ended) throw new Error("the connection was lost again");
    if (this.closed) return client.end();
    this.client = client;
  }

  private reconnectSoon(): void {
    this.retry = setTimeout(async () => {
      try {
        await this.connect();
      } catch {
        if (!this.closed) this.reconnectSoon();
        return;
      }
      if (this.closed) return;
      this.log?.info({}, "the connection to the database is back");
      for (const listeners of this.listeners.values()) this.call(listeners);
    }, 500);
  }

  private call(listeners: Set<() => void> | undefined): void {
    for (const listener of [...(listeners ?? [])]) listener();
  }
}
