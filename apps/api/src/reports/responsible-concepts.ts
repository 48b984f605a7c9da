import { type Differential, differentialCell, responsibleConcepts } from "@faultline/core";
import type { ResponsibleConcept } from "@faultline/run";
import { builder } from "../builder.ts";
import { InputType } from "../datasets/inputs.ts";
import { inputsByExternalId, keyOf } from "../datasets/inputs-by-external-id.ts";
import { IntervalType } from "./intervals.ts";

export interface ResponsibleConceptShape extends ResponsibleConcept {
  /** Where the example inputs are. */
  datasetId: string;
}

export const ResponsibleConceptType = builder
  .objectRef<ResponsibleConceptShape>("ResponsibleConcept")
  .implement({
    description: "A concept of the significant cells of a differential heatmap.",
    fields: (t) => ({
      concept: t.exposeString("axis", { description: "Its phrase." }),
      effect: t.field({
        type: IntervalType,
        description:
          "Change of its win rate that its significant cells make up, second side − first (incorrect − correct), in [-1, 1].",
        resolve: ({ effect, low, high }) => ({ value: effect, low, high }),
      }),
      qValue: t.exposeFloat("qValue", { description: "Smallest Benjamini-Hochberg q-value of its cells." }),
      significantCells: t.exposeInt("significantCells", { description: "Significant cells in its row." }),
      exampleInputs: t.loadable({
        type: [InputType],
        description: "Inputs that show it; may be empty.",
        load: inputsByExternalId,
        resolve: ({ datasetId, exampleInputs }) =>
          exampleInputs.map((externalId) => keyOf({ datasetId, externalId })),
      }),
    }),
  });

/**
 * The responsible concepts of a differential, with intervals: the bounds of a concept's significant cells
 * added up, which holds whatever the dependence between the cells (and is therefore wide).
 *
 * @param named concepts of the run's report, whose examples are taken over
 */
export function responsibleConceptsOf(
  differential: Differential,
  axis: readonly string[],
  datasetId: string,
  named: readonly ResponsibleConcept[] = [],
): ResponsibleConceptShape[] {
  const examples = new Map(named.map(({ axis, exampleInputs }) => [axis, exampleInputs]));
  const others = differential.concepts - 1;
  return responsibleConcepts(differential).map(({ concept, effect, significantCells, smallestQ }) => {
    let low = 0;
    let high = 0;
    for (let j = 0; j < differential.concepts; j++) {
      if (!(differential.qValues[concept * differential.concepts + j] <= differential.falseDiscoveryRate))
        continue;
      const { difference } = differentialCell(differential, concept, j);
      low -= difference.high / others;
      high -= difference.low / others;
    }
    return {
      axis: axis[concept],
      effect,
      low: Math.max(-1, low),
      high: Math.min(1, high),
      qValue: smallestQ,
      significantCells,
      exampleInputs: examples.get(axis[concept]) ?? [],
      datasetId,
    };
  });
}
