import type { Context } from "../context.ts";
import type { RunNames } from "./verdict-page.ts";

/** The columns of a run that its verdicts are told in. */
export const namesSelection = {
  modelVersion: { select: { classes: true } },
  report: { select: { axis: true } },
} as const;

export function namesOf(run: {
  modelVersion: { classes: string[] };
  report: { axis: string[] } | null;
}): RunNames {
  return { classes: run.modelVersion.classes, axis: run.report?.axis ?? [] };
}

const kept = 100;
const known = new Map<string, RunNames>();

/** The names of a run; those of the last runs that were asked for stay in memory. */
export async function runNames({ prisma }: Pick<Context, "prisma">, runId: string): Promise<RunNames> {
  const earlier = known.get(runId);
  if (earlier) return earlier;
  const run = await prisma.run.findUniqueOrThrow({ where: { id: runId }, select: namesSelection });
  const names = namesOf(run);
  // A run with a report never changes again.
  if (run.report) known.set(runId, names);
  if (known.size > kept) known.delete(known.keys().next().value as string);
  return names;
}
