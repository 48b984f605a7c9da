import {
  type CalibrationInput,
  combinedScores,
  fitCombined,
  keepCombined,
  permutation,
  random,
  selectRows,
} from "@faultline/core";
import type { MeasuredDetector, RunConfiguration } from "@faultline/run";
import {
  type CalibratedDetectors,
  calibrateDetectors,
  type MeasuredInputs,
  measure,
  sampledInputs,
  scoreDetectors,
} from "./detector-evaluation.ts";
import type { RunRows } from "./run-rows.ts";

/** The labelled calibration inputs: row numbers (ascending) and, row by row, what detectors are made from. */
export interface CalibrationRows {
  rows: Uint32Array;
  input: CalibrationInput;
}

/**
 * Metrics of all similarities and baselines on the same inputs, and of their learned combination. None where
 * there are no defects or no sound inputs.
 */
export async function measureDetectors(
  rows: RunRows,
  inputs: MeasuredInputs,
  detectors: CalibratedDetectors,
  calibration: CalibrationRows,
  configuration: RunConfiguration,
  signal: AbortSignal,
): Promise<{ metrics: MeasuredDetector[]; combinedKept: boolean }> {
  const measured = sampledInputs(inputs, configuration.seed);
  if (!measured.defects.includes(0) || !measured.defects.includes(1))
    return { metrics: [], combinedKept: false };
  const classes = calibration.input.classes.length;
  const fitted = { detectors, baselineRows: correctRows(calibration) };
  const scoring = scoreDetectors(rows, measured.rows, fitted, classes, configuration.seed, signal);
  const semantic = new Set([...Object.keys(detectors ?? {}), "combined"]);
  const measureAll = (all: Record<string, Float64Array>) =>
    measure(all, semantic, measured.defects, configuration);
  const combining = combine(rows, measured, calibration, configuration, signal);
  // Nearest neighbours and bootstraps run on other cores, so nothing waits for what it does not need.
  const [single, ofCombined, combinedKept] = await Promise.all([
    scoring.then(measureAll),
    combining.then((scores) => (scores ? measureAll({ combined: scores }) : [])),
    Promise.all([combining, scoring]).then(
      ([combined, scores]) => combined !== null && keepCombined(combined, scores, measured.defects).kept,
    ),
  ]);
  return { metrics: [...single, ...ofCombined], combinedKept };
}

function correctRows({ rows, input }: CalibrationRows): Uint32Array {
  return rows.filter((_, i) => input.labels[i] === input.predictions[i]);
}

/**
 * Scores of the learned combination: one half of the calibration inputs builds references and baselines, the
 * other half, which these have not seen, teaches how much to trust each. Null where a half lacks defects.
 */
async function combine(
  rows: RunRows,
  measured: MeasuredInputs,
  calibration: CalibrationRows,
  configuration: RunConfiguration,
  signal: AbortSignal,
): Promise<Float64Array | null> {
  const order = permutation(calibration.rows.length, random(configuration.seed ^ 0xc0b1));
  const half = Math.floor(order.length / 2);
  const building = part(calibration, order.subarray(0, half).sort());
  const teaching = part(calibration, order.slice(half).sort());
  const defects = Uint8Array.from(teaching.rows, (_, i) =>
    teaching.input.labels[i] === teaching.input.predictions[i] ? 0 : 1,
  );
  const wrong = defects.reduce((sum, value) => sum + value, 0);
  const detectors = calibrateDetectors(building.input, { ...configuration, falseAlarmRate: null });
  if (!detectors || wrong < 2 || defects.length - wrong < 2) return null;
  const fitted = { detectors, baselineRows: correctRows(building) };
  const classes = calibration.input.classes.length;
  const score = (scored: Uint32Array) =>
    scoreDetectors(rows, scored, fitted, classes, configuration.seed, signal);
  const scoring = score(measured.rows);
  // A failure is thrown where it is awaited.
  scoring.catch(() => undefined);
  const model = fitCombined(await score(teaching.rows), defects, { seed: configuration.seed });
  return combinedScores(model, await scoring);
}

function part({ rows, input }: CalibrationRows, chosen: Uint32Array): CalibrationRows {
  return {
    rows: chosen.map((i) => rows[i]),
    input: {
      ...input,
      strengths: selectRows(input.strengths, chosen),
      labels: Array.from(chosen, (i) => input.labels[i]),
      predictions: Array.from(chosen, (i) => input.predictions[i]),
    },
  };
}
