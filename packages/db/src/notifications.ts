import type { ClientBase, Pool } from "pg";
import pg from "pg";

const channel = "faultline_run";

/** Tells every listener that this run has changed; within a transaction, when that commits. */
export async function notifyRun(client: ClientBase | Pool, runId: string): Promise<void> {
  await client.query("SELECT pg_notify($1, $2)", [channel, runId]);
}

/** Changes of runs as they are committed, from any process, over one connection. */
export class RunNotifications {
  private readonly listeners = new Map<string, Set<() => void>>();
  private client: pg.Client | undefined;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  private constructor(private readonly url: string) {}

  /** @throws the connection's error when the server cannot be reached at first; later losses are mended. */
  static async open(url: string): Promise<RunNotifications> {
    const notifications = new RunNotifications(url);
    await notifications.connect();
    return notifications;
  }

  /**
   * Calls the listener after each change of the run. A notification carries no data: read the run's state then.
   * After a lost connection every listener is called once, since changes may have been missed.
   *
   * @returns ends the subscription
   */
  subscribe(runId: string, listener: () => void): () => void {
    const listeners = this.listeners.get(runId) ?? new Set();
    this.listeners.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(runId) === listeners) this.listeners.delete(runId);
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
      keepAlive: true,
    });
    client.on("notification", ({ payload }) => this.call(this.listeners.get(payload ?? "")));
    client.on("error", () => undefined);
    client.once("end", () => this.reconnectSoon());
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    this.client = client;
  }

  private reconnectSoon(): void {
    if (this.closed || this.retry) return;
    this.retry = setTimeout(async () => {
      this.retry = undefined;
      try {
        await this.connect();
        for (const listeners of this.listeners.values()) this.call(listeners);
      } catch {
        this.reconnectSoon();
      }
    }, 500);
  }

  private call(listeners: Set<() => void> | undefined): void {
    for (const listener of [...(listeners ?? [])]) listener();
  }
}
