import type { Run } from "@faultline/db";
import { decode, isKey, noSuchNode } from "../access/reach.ts";
import type { Context } from "../context.ts";
import { ConflictError } from "../errors.ts";
import type { KnownRun } from "./known-runs.ts";

/**
 * The run of a global id.
 *
 * @throws NotFoundError naming `field`: also for a malformed id, another type, or another tenant's run
 */
export async function requireRun(
  context: Pick<Context, "knownRuns" | "access">,
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
export async function knownRun(
  { knownRuns }: Pick<Context, "knownRuns">,
  id: string,
): Promise<KnownRun | null> {
  return (await knownRuns.byIds([id])).get(id) ?? null;
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
