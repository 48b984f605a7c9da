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
