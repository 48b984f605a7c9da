import { type Detector, wilsonInterval } from "@faultline/core";
import { type MeasuredDetector, type ReportDetails, ROLE, type RunConfiguration } from "@faultline/run";
import {
  calibrateDetectors,
  type Judgements,
  judge,
  measuredInputs,
  noThreshold,
} from "./detector-evaluation.ts";
import { measureDetectors } from "./measured-detectors.ts";
import type { RunRows } from "./run-rows.ts";
import type { Samples } from "./samples.ts";

/** What a run says of its detectors, and they of its inputs. */
export interface Detection {
  /** Of the evaluated rows. */
  judgements: Judgements;
  metrics: MeasuredDetector[];
  details: ReportDetails["detector"];
  /** Whether there is a detector at all. */
  calibrated: boolean;
  /** Measured inputs that are defects, and that are sound. */
  defects: number;
  sound: number;
}

/** Calibrates the detectors, judges the evaluated rows by the chosen one, and measures all beside the baselines. */
export async function detectDefects(
  rows: RunRows,
  { calibration }: Samples,
  names: { phrases: string[]; classes: string[] },
  attacked: boolean,
  configuration: RunConfiguration,
  signal: AbortSignal,
): Promise<Detection> {
  const { classes, phrases: concepts } = names;
  const input = { ...calibration.inputs, strengths: calibration.strengths, concepts, classes };
  const detectors = calibrateDetectors(input, configuration);
  const detector = detectors?.[configuration.similarity] ?? null;
  const measured = measuredInputs(rows, attacked);
  // Much of the measuring happens on other cores, while this thread judges.
  const [{ metrics, combinedKept }, { judgements, flagged }] = await Promise.all([
    measureDetectors(rows, measured, detectors, { rows: calibration.rows, input }, configuration, signal),
    judgeAll(rows, measured.rows, detector, signal),
  ]);
  const defects = measured.defects.reduce((sum, value) => sum + value, 0);
  const sound = measured.rows.length - defects;
  const flaggedOf = (kind: 0 | 1) =>
    flagged.reduce((sum, value, i) => sum + (measured.defects[i] === kind ? value : 0), 0);
  return {
    judgements,
    metrics,
    details: {
      similarity: configuration.similarity,
      falseAlarmRate: configuration.falseAlarmRate,
      threshold: detector ? Math.min(noThreshold, detector.model.references[0].threshold) : noThreshold,
      pooledClasses: detector ? classes.flatMap((_, k) => (isPooled(detector, k) ? [k] : [])) : [],
      measuredFalseAlarmRate: sound > 0 ? wilsonInterval(flaggedOf(0), sound) : null,
      measuredDetectionRate: defects > 0 ? wilsonInterval(flaggedOf(1), defects) : null,
      positives: measured.positives,
      negatives: measured.negatives,
      combinedKept,
    },
    calibrated: detector !== null,
    defects,
    sound,
  };
}

/** Judges the evaluated rows, and says which of the measured ones are taken for defects. */
async function judgeAll(
  rows: RunRows,
  measured: Uint32Array,
  detector: Detector | null,
  signal: AbortSignal,
): Promise<{ judgements: Judgements; flagged: Uint8Array }> {
  const judgements = await judge(rows, rows.evaluated, detector, signal);
  const byRow = new Uint8Array(rows.columns.role.length);
  rows.evaluated.forEach((row, i) => {
    byRow[row] = judgements.defect[i];
  });
  const others = measured.filter((row) => !(rows.columns.role[row] & ROLE.EVALUATED));
  const { defect } = await judge(rows, others, detector, signal);
  others.forEach((row, i) => {
    byRow[row] = defect[i];
  });
  return { judgements, flagged: Uint8Array.from(measured, (row) => byRow[row]) };
}

function isPooled(detector: Detector, classNumber: number): boolean {
  const { correct, incorrect } = detector.fallback(classNumber);
  return correct || incorrect;
}
