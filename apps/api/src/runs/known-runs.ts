import { queryPrepared, type Run } from "@faultline/db";
import { LRUCache } from "lru-cache";
import { decode, isKey, noSuchNode } from "../access/reach.ts";
import type { Context } from "../context.ts";
import { ConflictError } from "../errors.ts";
import { runColumns } from "./runs-by-id.ts";

/** A run with the names that its verdicts and its report are told in. */
export interface KnownRun extends Run {
  /** Class names in the order of the logits. */
  classes: string[];
  /** Phrases in the order of the heatmaps' axis; none before the report. */
  axis: string[];
}

/** Runs that succeeded, which is their end: they do not change any more. */
const known = new LRUCache<string, KnownRun>({ max: 1000 });

/**
 * The run of a global id. Verdicts and reports are asked for run by run, again and again, so runs that succeeded
 * stay in memory. Nothing deletes a run while the API is up; of one that was deleted by hand nothing but this row is
 * left.
 *
 * @throws NotFoundError naming `field`: also for a malformed id, another type, or another tenant's run
 */
export async function requireRun(
  context: Pick<Context, "pool" | "access">,
  globalId: string,
  field: string,
): Promise<KnownRun> {
  const key = decode(globalId);
  const run =
    key?.typename === "Run" && isKey("Run", key.id) && context.access.has("READ")
      ? await knownRun(context, key.id)
      : null;
  if (run && context.access.reaches(run.projectId)) return run;
  throw noSuchNode("Run", globalId, field);
}

/** The run of a database id, whoever asks; null where there is none. */
export async function knownRun(context: Pick<Context, "pool">, id: string): Promise<KnownRun | null> {
  return (await knownRuns(context, [id])).get(id) ?? null;
}

/** Runs by their database ids, whoever asks; those that are not in memory come with one statement. */
export async function knownRuns(
  { pool }: Pick<Context, "pool">,
  ids: readonly string[],
): Promise<Map<string, KnownRun>> {
  const found = new Map<string, KnownRun>();
  const unknown: string[] = [];
  for (const id of ids) {
    const run = known.get(id);
    if (run) found.set(id, run);
    else unknown.push(id);
  }
  if (unknown.length === 0) return found;
  const { rows } = await queryPrepared<KnownRun>(
    pool,
    `SELECT ${runColumns}, m.classes, coalesce(a.axis, '{}') AS axis
     FROM run r JOIN model_version m ON m.id = r.model_version_id LEFT JOIN run_report a ON a.run_id = r.id
     WHERE r.id = ANY ($1::uuid[])`,
    [unknown],
  );
  for (const run of rows) {
    found.set(run.id, run);
    if (run.status === "SUCCEEDED") known.set(run.id, run);
  }
  return found;
}

/**
 * A script that asks too early must not take no verdicts for none found.
 *
 * @throws ConflictError naming `field` while the run has not succeeded
 */
export function requireSucceeded({ status }: Pick<Run, "status">, field: string): void {
  if (status === "SUCCEEDED") return;
  throw new ConflictError(
    field,
    `The run is ${status}; verdicts are there once it has SUCCEEDED. Wait for it, or retry it.`,
  );
}
