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
