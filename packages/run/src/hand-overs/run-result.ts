import { z } from "zod";
import type { ReportDetails } from "../report-details.ts";

/** The numbers of the table run_report, without its run. */
export interface ReportNumbers {
  axis: string[];
  conceptCount: number;
  inputs: number;
  labelled: number;
  misclassified: number;
  quarantinedCount: number;
  accuracy: number | null;
  accuracyLow: number | null;
  accuracyHigh: number | null;
  encoderFaults: number;
  headFaults: number;
  undecidedFaults: number;
  details: ReportDetails;
  strengthsSha256: string;
  vlmStrengthsSha256: string;
  alignmentSha256: string;
}

/** One row of the table detector_metric. */
export interface MeasuredDetector {
  detector: string;
  semantic: boolean;
  positives: number;
  negatives: number;
  auroc: number;
  aurocLow: number;
  aurocHigh: number;
  auprIn: number;
  auprOut: number;
  fpr95: number;
  aurc: number;
  curves: {
    roc: [number, number, number | null][];
    riskCoverage: [number, number][];
  };
}

/** Everything that a run publishes, as one JSON artifact between the REPORT and the VERDICTS stage. */
export interface RunResult {
  report: ReportNumbers;
  classReports: {
    classIndex: number;
    inputs: number;
    correct: number;
    encoderFaults: number;
    headFaults: number;
    undecidedFaults: number;
  }[];
  faultPairs: {
    trueClass: number;
    predictedClass: number;
    inputs: number;
    encoderFaults: number;
    headFaults: number;
    undecidedFaults: number;
  }[];
  detectorMetrics: MeasuredDetector[];
  heatmaps: { kind: string; subset: string; classIndex: number; inputs: number }[];
  /** Columns: one `kind/subset/classIndex` a heatmap, encoded. */
  heatmapsSha256: string;
  /** Columns: VerdictColumns. */
  verdictsSha256: string;
}

/** The verdicts of a run by column; entry i is row i of the strengths artifacts. */
export type VerdictColumns = {
  position: Int32Array;
  label: Int32Array;
  predicted: Int32Array;
  oracleClass: Int32Array;
  confidence: Float32Array;
  defect: Uint8Array;
  score: Float64Array;
  threshold: Float64Array;
  /** Index into `faultCodes`; 255 where unlabelled. */
  fault: Uint8Array;
  /** VERDICT_CONCEPTS entries a row; -1 where there are fewer. */
  concepts: Int16Array;
};

export const faultCodes = ["NONE", "ENCODER", "HEAD", "UNDECIDED"] as const;

/**
 * What REPORT hands over: the result's artifact, whose hash is that of every number of the run. The result
 * names strengths, alignment, heatmaps and verdicts by the hashes of their bytes, so equal hashes mean equal results to
 * the bit.
 */
export const reported = z.object({
  resultSha256: z.string(),
  /** Those that the result names: the sweep of the store looks into hand-overs, not into artifacts. */
  artifacts: z.array(z.string()).default([]),
});
