import { graphql, type ResultOf } from "../graphql.ts";

/** Everything that decided a run's result besides its artifacts. */
export const runConfigurationFragment = graphql(`
  fragment Configuration on RunConfiguration @_unmask {
    seed
    includeClassConcepts
    centreConceptVectors
    ridgePenalty
    alignmentHeldOutShare
    similarity
    falseAlarmRate
    minimumIncorrectInputs
    minimumCellInputs
    significanceLevel
    bootstrapReplicates
    shardSize
  }
`);

/** A configuration as it can be given to another run. */
export function configurationText(configuration: ResultOf<typeof runConfigurationFragment>): string {
  return JSON.stringify(configuration, (name, value: unknown) => (name === "__typename" ? undefined : value));
}
