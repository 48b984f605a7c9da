import { encodeHeatmap, type HeatmapCounts } from "@faultline/core";
import type { HeatmapKind, HeatmapSubset } from "@faultline/db";
import type { HeatmapGroup, HeatmapTotals } from "../strengths/heatmap-groups.ts";

/** One row of the table heatmap; classIndex -1 is all classes together. */
export interface RunHeatmap {
  kind: HeatmapKind;
  subset: HeatmapSubset;
  classIndex: number;
  inputs: number;
  counts: Uint8Array;
}

/** The groups whose sum is the heatmap of a class, by kind and subset. */
const sums: Record<HeatmapKind, Partial<Record<HeatmapSubset, HeatmapGroup[]>>> = {
  GROUND_TRUTH: {
    ALL: ["correct", "incorrectByLabel"],
    CORRECT: ["correct"],
    INCORRECT: ["incorrectByLabel"],
    CLEAN: ["cleanByLabel"],
  },
  OUTPUT_LABEL: {
    ALL: ["correct", "incorrectByPredicted", "unlabelledByPredicted"],
    CORRECT: ["correct"],
    INCORRECT: ["incorrectByPredicted"],
    CLEAN: ["cleanByPredicted"],
  },
};

/** The heatmap of a kind and subset: of one class, or of all when `classIndex` is -1. */
export function runHeatmap(
  totals: HeatmapTotals,
  kind: HeatmapKind,
  subset: HeatmapSubset,
  classIndex: number,
  classes: number,
): HeatmapCounts {
  const groups = sums[kind][subset] ?? [];
  const members = classIndex >= 0 ? [classIndex] : Array.from({ length: classes }, (_, k) => k);
  return totals.sum(groups, members);
}

/** Every heatmap of the run that has inputs, one at a time. */
export function* runHeatmaps(totals: HeatmapTotals, classes: number): Generator<RunHeatmap> {
  for (const kind of ["GROUND_TRUTH", "OUTPUT_LABEL"] as const)
    for (const subset of ["ALL", "CORRECT", "INCORRECT", "CLEAN"] as const)
      for (let classIndex = -1; classIndex < classes; classIndex++) {
        const heatmap = runHeatmap(totals, kind, subset, classIndex, classes);
        if (heatmap.inputs === 0) continue;
        yield { kind, subset, classIndex, inputs: heatmap.inputs, counts: encodeHeatmap(heatmap) };
      }
}
