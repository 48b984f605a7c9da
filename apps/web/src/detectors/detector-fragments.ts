import { graphql } from "../graphql.ts";

/** What the curves of one detector or baseline are drawn from. */
export const detectorCurvesFragment = graphql(`
  fragment DetectorCurves on DetectorMetric @_unmask {
    detector
    semantic
    positives
    negatives
    auroc { value low high }
    areaUnderRiskCoverage
    roc { falsePositiveRate truePositiveRate threshold }
    riskCoverage { coverage risk }
  }
`);

/** The curves of a detector or baseline, and the numbers beside them. */
export const detectorMetricsFragment = graphql(
  `fragment DetectorMetrics on DetectorMetric @_unmask {
    ...DetectorCurves
    auprIn
    auprOut
    falsePositiveRateAt95
  }`,
  [detectorCurvesFragment],
);

/** The detector that a run used, and how it did. */
export const detectorSummaryFragment = graphql(`
  fragment DetectorSummary on DetectorSummary @_unmask {
    similarity
    falseAlarmRate
    threshold
    positiveLabel
    negativeLabel
    pooledClasses
    measuredFalseAlarmRate { value low high }
    measuredDetectionRate { value low high }
  }
`);
