import { graphql, type ResultOf } from "../../graphql.ts";
import { differentialFragment } from "../../runs/differential-fragment.ts";
import { runConfigurationFragment } from "../../runs/run-configuration.ts";
import { runNameFragment } from "../../runs/run-name.ts";
import { comparisonMatrixFragment } from "./comparison-matrix.tsx";
import { comparisonMetricsFragment } from "./comparison-metrics.tsx";

// Aliases: gql.tada cannot join a list of a fragment with the same list of the query.
export const comparisonPrintQuery = graphql(
  `query ComparisonPrint($ids: [ID!]!, $class: String, $first: Int!) {
    compareRuns(ids: $ids) {
      __typename
      ... on RunComparison {
        ...ComparisonMetrics
        ...ComparisonMatrix
        compared: runs {
          ...RunName
          id
          seed
          configuration { ...Configuration }
          finishedAt
          conceptSet { name version }
          visionLanguageModel { name }
          modelVersion { classes encoderSha256 headSha256 }
          classConceptView { classes axis values }
          report {
            classes {
              class
              accuracy { value }
              encoderFaults { count }
              headFaults { count }
              undecidedFaults { count }
            }
            warnings { code message }
            resultSha256
          }
        }
        changes: differences {
          run { id }
          differentialHeatmap(trueClass: $class) {
            ...Differential
            responsibleConcepts { concept effect { value low high } qValue significantCells }
          }
          regressions(first: $first) {
            totalCount
            edges { node { externalId trueClass predictedClass fault } }
          }
          fixes(first: $first) { totalCount edges { node { externalId trueClass predictedClass fault } } }
        }
      }
      ... on Error { message }
    }
  }`,
  [
    runNameFragment,
    runConfigurationFragment,
    comparisonMetricsFragment,
    comparisonMatrixFragment,
    differentialFragment,
  ],
);

export type PrintedComparison = Extract<
  ResultOf<typeof comparisonPrintQuery>["compareRuns"],
  { __typename: "RunComparison" }
>;
export type ComparedRun = PrintedComparison["compared"][number];

/** One run held against the baseline. */
export type PrintedDifference = PrintedComparison["changes"][number];
