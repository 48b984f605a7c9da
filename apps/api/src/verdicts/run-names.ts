import type { RunNames } from "./verdict-page.ts";

/** The names that the verdicts of a loaded run are told in. */
export function namesOf(run: {
  modelVersion: { classes: string[] };
  report: { axis: string[] } | null;
}): RunNames {
  return { classes: run.modelVersion.classes, axis: run.report?.axis ?? [] };
}
