import type { Database, Notifications, Run } from "@faultline/db";
import { LRUCache } from "lru-cache";
import { runColumns } from "./runs-by-id.ts";

/** A run with the names that its verdicts and its report are told in. */
export interface KnownRun extends Run {
  /** Class names in the order of the logits. */
  classes: string[];
  /** Phrases in the order of the heatmaps' axis; none before the report. */
  axis: string[];
}

interface Remembered {
  run: KnownRun;
  unsubscribe: () => void;
}

/**
 * Runs with their names. Verdicts and reports are asked for run by run, again and again, so runs that succeeded, which
 * is the last change but their deletion, are remembered: until the database tells of that, and only while it can tell.
 */
export class KnownRuns {
  readonly #remembered = new LRUCache<string, Remembered>({
    max: 1000,
    dispose: ({ unsubscribe }) => unsubscribe(),
  });

  constructor(
    private readonly database: Pick<Database, "pool">,
    private readonly notifications: Notifications,
  ) {}

  /** Runs by their database ids, whoever asks; those that are not in memory come with one statement. */
  async byIds(ids: readonly string[]): Promise<Map<string, KnownRun>> {
    const found = new Map<string, KnownRun>();
    const unknown: string[] = [];
    for (const id of ids) {
      const remembered = this.notifications.connected ? this.#remembered.get(id) : undefined;
      if (remembered) found.set(id, remembered.run);
      else unknown.push(id);
    }
    if (unknown.length === 0) return found;
    // Listening begins before the reading: what is deleted in between must not be remembered.
    const changed = new Set<string>();
    const unsubscribe = new Map(
      unknown.map((id) => [
        id,
        this.notifications.subscribe("run", id, () => {
          changed.add(id);
          this.#remembered.delete(id);
        }),
      ]),
    );
    try {
      for (const run of await this.#read(unknown)) found.set(run.id, run);
    } finally {
      for (const [id, end] of unsubscribe) {
        const run = found.get(id);
        if (run?.status === "SUCCEEDED" && !changed.has(id) && this.notifications.connected)
          this.#remembered.set(id, { run, unsubscribe: end });
        else end();
      }
    }
    return found;
  }

  async #read(ids: readonly string[]): Promise<KnownRun[]> {
    const { rows } = await this.database.pool.query<KnownRun>({
      name: "known-runs",
      text: `SELECT ${runColumns}, m.classes, coalesce(a.axis, '{}') AS axis
       FROM run r JOIN model_version m ON m.id = r.model_version_id LEFT JOIN run_report a ON a.run_id = r.id
       WHERE r.id = ANY ($1::uuid[])`,
      values: [ids],
    });
    return rows;
  }
}
