import { type fetchReports, responsibleConceptNames } from "@faultline/cli";

type Report = Awaited<ReturnType<typeof fetchReports>>[number];

/** One run of the demo's comparison, as `--json` writes it. Shares are of misclassified inputs, 0 to 1. */
export interface ComparisonRow {
  modelVersion: string;
  /** Null on clean data. */
  attackType: string | null;
  inputs: number;
  accuracy: number | null;
  encoderShare: number | null;
  headShare: number | null;
  undecidedShare: number | null;
  responsibleConcepts: string[];
  detectorAuroc: number | null;
}

/** A finished run as a row of the comparison. */
export function comparisonRow({ modelVersion, attackType, report }: Report): ComparisonRow {
  return {
    modelVersion: modelVersion.name,
    attackType: attackType?.name ?? null,
    inputs: report.inputs,
    accuracy: report.accuracy?.value ?? null,
    encoderShare: report.encoderFaults.share?.value ?? null,
    headShare: report.headFaults.share?.value ?? null,
    undecidedShare: report.undecidedFaults.share?.value ?? null,
    responsibleConcepts: responsibleConceptNames(report),
    detectorAuroc: report.detector.auroc?.value ?? null,
  };
}
