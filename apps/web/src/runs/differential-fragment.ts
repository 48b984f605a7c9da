import { graphql } from "../graphql.ts";

/** A differential heatmap: its cells, their tests, and how many inputs stand on either side. */
export const differentialFragment = graphql(`
  fragment Differential on DifferentialHeatmap @_unmask {
    axis
    differences
    qValues
    minuendInputs
    subtrahendInputs
    testedCells
    significantCells
    significanceLevel
  }
`);

/** Whether both sides have inputs, so that there are differences to show. */
export function hasDifferences<Heatmap extends { differences: readonly number[] | null }>(
  heatmap: Heatmap,
): heatmap is Heatmap & { differences: readonly number[] } {
  return heatmap.differences !== null;
}
