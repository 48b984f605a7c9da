import { detectorMetricsFragment, detectorSummaryFragment } from "../../detectors/detector-fragments.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { differentialFragment } from "../../runs/differential-fragment.ts";
import { responsibleConceptFragment } from "../../runs/responsible-concepts.tsx";
import { runConfigurationFragment } from "../../runs/run-configuration.ts";
import { runNameFragment } from "../../runs/run-name.ts";
import { classFaultsFragment } from "./class-faults.tsx";
import { confusionFragment } from "./confusion-matrix.tsx";
import { faultExplanationsFragment } from "./fault-explanations.tsx";
import { headlinesFragment } from "./report-headlines.tsx";

/** All that is printed of a run. */
export const runPrintQuery = graphql(
  `query RunPrint($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run {
        ...RunName
        id
        seed
        configuration { ...Configuration }
        startedAt
        finishedAt
        modelVersion {
          classes
          encoderSha256
          headSha256
          embeddingWidth
          gitCommit
          trainingDataTag
          model { name }
        }
        visionLanguageModel { name imageTowerSha256 textTowerSha256 tokenizerSha256 embeddingWidth }
        conceptSet { name version templates concepts { phrase } }
        dataset { name inputCount }
        attackType { name norm epsilon steps }
        classConceptView { classes axis values inputs }
        detectorMetrics {
          ...DetectorMetrics
        }
        differentialHeatmap { ...Differential }
        report {
          ...Headlines
          ...ClassFaults
          ...Confusion
          ...FaultExplanations
          responsibleConcepts(first: 20) { ...ResponsibleConceptRow }
          alignment {
            evaluated { inputs r2 meanCosine centredCosine }
            clean { inputs r2 meanCosine centredCosine }
            heldOut { inputs r2 meanCosine centredCosine }
            lambda
            rank
          }
          oracle { margin }
          detector { ...DetectorSummary }
          resultSha256
        }
      }
    }
  }`,
  [
    runNameFragment,
    runConfigurationFragment,
    headlinesFragment,
    classFaultsFragment,
    confusionFragment,
    faultExplanationsFragment,
    responsibleConceptFragment,
    detectorMetricsFragment,
    detectorSummaryFragment,
    differentialFragment,
  ],
);

export type PrintedRun = Extract<NonNullable<ResultOf<typeof runPrintQuery>["node"]>, { __typename: "Run" }>;
export type PrintedReport = NonNullable<PrintedRun["report"]>;
