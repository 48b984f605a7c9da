import {
  calibrateDetector,
  type Detector,
  type DetectorRule,
  decodeAlignment,
  holdsBothKinds,
  type Matrix,
  matrix,
  type Similarity,
} from "@faultline/core";
import type { ArtifactStore } from "@faultline/db";
import { type CalibrationInputs, detectorOptions, floats, runConfigurationSchema } from "@faultline/run";
import { detailsOf } from "../runs/report-details.ts";
import { cachedDetector } from "./detector-cache.ts";

/** The columns of a run that its detector is made from. */
export const detectorSelection = {
  id: true,
  configuration: true,
  modelVersion: { select: { classes: true } },
  report: { select: { axis: true, details: true, alignmentSha256: true, resultSha256: true } },
} as const;

export interface CalibratedRun {
  id: string;
  configuration: unknown;
  modelVersion: { classes: string[] };
  report: { axis: string[]; details: unknown; alignmentSha256: string; resultSha256: string } | null;
}

/** What the run's own detector is asked to do differently. */
export interface DetectorChoice {
  similarity?: Similarity;
  /** Null: the paper's rule, score > 0. */
  falseAlarmRate?: number | null;
}

/** Strengths, labels and predictions of the labelled calibration inputs; entry i belongs to row i. */
export async function readCalibration(
  store: ArtifactStore,
  report: NonNullable<CalibratedRun["report"]>,
): Promise<CalibrationInputs & { strengths: Matrix }> {
  const { calibration } = detailsOf(report);
  const [strengths, inputs] = await Promise.all([
    store.read(calibration.strengthsSha256),
    store.read(calibration.inputsSha256),
  ]);
  return {
    ...(JSON.parse(inputs.toString("utf8")) as CalibrationInputs),
    strengths: matrix(calibration.inputs, report.axis.length, floats(strengths)),
  };
}

/**
 * The detector of a run, calibrated from what the run kept: to the bit the one that gave its verdicts, unless
 * another similarity or rate is chosen. Null when calibration had no correct or no incorrect inputs, or the
 * run has no report.
 */
export async function runDetector(
  store: ArtifactStore,
  run: CalibratedRun,
  choice: DetectorChoice = {},
): Promise<Detector | null> {
  const { report } = run;
  if (!report) return null;
  const configuration = runConfigurationSchema.parse(run.configuration);
  const similarity = choice.similarity ?? configuration.similarity;
  const falseAlarmRate =
    choice.falseAlarmRate === undefined ? configuration.falseAlarmRate : choice.falseAlarmRate;
  const options = detectorOptions({ ...configuration, falseAlarmRate });
  const rule: DetectorRule = options.rule;
  return cachedDetector([report.resultSha256, similarity, falseAlarmRate].join(" "), async () => {
    const { strengths, labels, predictions } = await readCalibration(store, report);
    if (!holdsBothKinds({ labels, predictions })) return null;
    const alignment = decodeAlignment(await store.read(report.alignmentSha256));
    const vectors = floats(await store.read(detailsOf(report).calibration.conceptVectorsSha256));
    const conceptVectors = matrix(report.axis.length, alignment.outputWidth, vectors);
    return calibrateDetector(
      {
        strengths,
        labels,
        predictions,
        concepts: report.axis,
        classes: run.modelVersion.classes,
        embedding: { alignment, conceptVectors },
      },
      { ...options, rule, similarity },
    );
  });
}
