import {
  type Differential,
  differentialCell,
  differentialHeatmap,
  type HeatmapCounts,
  type Matrix,
  responsibleConcepts,
  row,
} from "@faultline/core";
import type { ResponsibleConcept, RunConfiguration } from "@faultline/run";

/** Inputs that examples are chosen from: their numbers, and their strengths row by row. */
export interface ExampleInputs {
  rows: ArrayLike<number>;
  strengths: Matrix;
}

/** A responsible concept whose examples are row numbers still, to be named by their external ids. */
export type FoundConcept = Omit<ResponsibleConcept, "exampleInputs"> & { exampleRows: number[] };

const examples = 6;

/**
 * The responsible concepts of a differential heatmap (first − second), strongest first, with the inputs of the
 * second side that show them best. Empty when nothing is significant or a side has too few inputs.
 */
export function findResponsibleConcepts(
  first: HeatmapCounts,
  second: HeatmapCounts,
  phrases: readonly string[],
  shown: ExampleInputs,
  limit: number,
  { minimumCellInputs, significanceLevel }: RunConfiguration,
): FoundConcept[] {
  if (first.inputs === 0 || second.inputs === 0) return [];
  const differential = differentialHeatmap(first, second, {
    minimumInputs: minimumCellInputs,
    falseDiscoveryRate: significanceLevel,
  });
  return responsibleConcepts(differential)
    .slice(0, limit)
    .map(({ concept, effect, significantCells, smallestQ }) => ({
      axis: phrases[concept],
      effect,
      ...effectBounds(differential, concept),
      qValue: smallestQ,
      significantCells,
      exampleRows: clearestExamples(concept, effect, shown),
    }));
}

/**
 * Bounds of a concept's effect: those of its significant cells' risk differences, added up. The cells move
 * together, so the true interval is hardly narrower.
 */
function effectBounds(differential: Differential, concept: number): { low: number; high: number } {
  const { concepts, qValues, falseDiscoveryRate } = differential;
  let low = 0;
  let high = 0;
  for (let j = 0; j < concepts; j++) {
    if (!(qValues[concept * concepts + j] <= falseDiscoveryRate)) continue;
    // Effects are second − first: the bounds change sides.
    const { difference } = differentialCell(differential, concept, j);
    low -= difference.high / (concepts - 1);
    high -= difference.low / (concepts - 1);
  }
  return { low, high };
}

/** Inputs in which the concept beats most others where it rises, fewest where it falls. */
function clearestExamples(concept: number, effect: number, { rows, strengths }: ExampleInputs): number[] {
  const wins = Array.from({ length: strengths.rows }, (_, i) => {
    const values = row(strengths, i);
    return values.reduce((sum, value) => sum + (values[concept] > value ? 1 : 0), 0);
  });
  return Array.from(wins.keys())
    .sort((a, b) => (effect > 0 ? wins[b] - wins[a] : wins[a] - wins[b]) || a - b)
    .slice(0, examples)
    .map((i) => rows[i]);
}
