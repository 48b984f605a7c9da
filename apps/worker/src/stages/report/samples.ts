import type { Matrix } from "@faultline/core";
import type { CalibrationInputs } from "@faultline/run";
import type { RunRows } from "./run-rows.ts";
import { sample } from "./sample.ts";

/** Inputs of a kind that are held in memory with their strengths, at most. */
const calibrationLimit = 20_000;
const misclassifiedLimit = 5_000;

/** Some rows of a run (numbers, ascending) and, row by row, their strengths. */
export interface SampledRows {
  rows: Uint32Array;
  strengths: Matrix;
}

/** The rows that are looked at one by one. */
export interface Samples {
  misclassified: SampledRows;
  /** Those with a label. */
  calibration: SampledRows & { inputs: CalibrationInputs };
  /** Evaluated inputs with a label, and those of them that are misclassified: all, not the sampled ones. */
  labelledCount: number;
  misclassifiedCount: number;
}

/** Draws the samples by the run's seed. */
export async function drawSamples(rows: RunRows, seed: number): Promise<Samples> {
  const { label, predicted, position } = rows.columns;
  const labelled = rows.evaluated.filter((row) => label[row] >= 0);
  const misclassified = labelled.filter((row) => label[row] !== predicted[row]);
  const shown = sample(misclassified, misclassifiedLimit, seed);
  const calibration = sample(
    rows.calibration.filter((row) => label[row] >= 0),
    calibrationLimit,
    seed,
  );
  return {
    misclassified: { rows: shown, strengths: await rows.gatherStrengths(shown) },
    calibration: {
      rows: calibration,
      strengths: await rows.gatherStrengths(calibration),
      inputs: {
        positions: Array.from(calibration, (row) => position[row]),
        labels: Array.from(calibration, (row) => label[row]),
        predictions: Array.from(calibration, (row) => predicted[row]),
      },
    },
    labelledCount: labelled.length,
    misclassifiedCount: misclassified.length,
  };
}
