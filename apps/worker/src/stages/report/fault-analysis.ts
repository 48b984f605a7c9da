import {
  calibrateOracle,
  classHeatmapScores,
  correctFaultShares,
  countHeatmap,
  type Fault,
  type FaultReport,
  faultReport,
  type Interval,
  keptMargins,
  type LocalisationInputs,
  type LocalisationMargins,
  localise,
  type Matrix,
  type OracleAnswers,
  type OracleVariant,
  oracleAgreement,
  oracleAnswers,
  oracleErrorOnCorrect,
  selectRows,
  wilsonInterval,
} from "@faultline/core";
import type { ReportDetails, RunConfiguration } from "@faultline/run";
import type { RunRows } from "./run-rows.ts";
import type { Samples } from "./samples.ts";

export interface FaultAnalysis {
  /** Fault of each evaluated input, in order; null where unlabelled. */
  faults: (Fault | null)[];
  report: FaultReport;
  oracle: ReportDetails["oracle"];
  /** Whether some margin makes the oracle reliable; without one every fault is undecided. */
  marginReachable: boolean;
  /** The VLM's zero-shot accuracy on calibration inputs, which no attack has touched; null without labels. */
  calibrationZeroShot: number | null;
}

/** A cosine difference that no margin reaches: with it every localisation is undecided. */
const unreachableMargin = 2;
/** Calibration inputs behind the margin of the class-heatmap oracle, which costs K·C² an input. */
const heatmapMarginInputs = 1000;

/** Localises every misclassified input, and measures the oracle that does so. */
export function analyseFaults(
  rows: RunRows,
  samples: Pick<Samples, "misclassified" | "calibration">,
  classes: number,
  configuration: RunConfiguration,
): FaultAnalysis {
  const { columns } = rows;
  const labelled = rows.evaluated.filter((row) => columns.label[row] >= 0);
  const inputs = inputsOf(rows, labelled);
  const margins = calibratedMargins(rows, classes);
  const decided = localise(inputs, margins);
  const faults: (Fault | null)[] = [];
  let next = 0;
  for (const row of rows.evaluated) faults.push(columns.label[row] >= 0 ? decided[next++] : null);

  const zeroShot = countSaid(columns.vlmMargin, labelled);
  const calibrated = rows.calibration.filter((row) => columns.label[row] >= 0);
  const corrected = correctFaultShares(inputs, margins, {
    classes,
    seed: configuration.seed,
    replicates: configuration.bootstrapReplicates,
  });
  return {
    faults,
    report: faultReport(inputs.labels, inputs.predictions, decided, classes),
    oracle: {
      errorOnCorrect: orZero(oracleErrorOnCorrect(inputs)),
      zeroShotAccuracy: orZero(wilsonInterval(zeroShot, labelled.length)),
      margin: margins.oracle,
      agreement: agreement(rows, samples, classes, margins),
      corrected: corrected ? { encoder: corrected.encoder, head: corrected.head } : null,
    },
    marginReachable: margins.oracle < unreachableMargin && margins.vlm < unreachableMargin,
    calibrationZeroShot:
      calibrated.length > 0 ? countSaid(columns.vlmMargin, calibrated) / calibrated.length : null,
  };
}

/** What was measured on nothing is unknown: 0, with the widest interval. */
function orZero({ value, low, high }: Interval): Interval {
  return { value: Number.isNaN(value) ? 0 : value, low, high };
}

function inputsOf({ columns }: RunRows, chosen: Uint32Array): LocalisationInputs {
  const take = <T extends Int32Array | Float64Array>(values: T): T => {
    const taken = new (values.constructor as new (length: number) => T)(chosen.length);
    chosen.forEach((row, i) => {
      taken[i] = values[row];
    });
    return taken;
  };
  return {
    labels: take(columns.label),
    predictions: take(columns.predicted),
    oracle: { classes: take(columns.oracleAnswer), margins: take(columns.oracleMargin) },
    vlm: { classes: take(columns.vlmAnswer), margins: take(columns.vlmMargin) },
  };
}

/** Both oracles' margins, from the correctly classified calibration inputs; unreachable without any. */
function calibratedMargins({ columns, calibration }: RunRows, classes: number): LocalisationMargins {
  const correct = calibration.filter((row) => columns.label[row] === columns.predicted[row]);
  if (correct.length === 0) return { oracle: unreachableMargin, vlm: unreachableMargin };
  const answers = { classes: columns.oracleAnswer, margins: columns.oracleMargin };
  return {
    oracle: marginOf(answers, correct),
    kept: keptMargins(answers, columns.label, correct, classes),
    vlm: marginOf({ classes: columns.vlmAnswer, margins: columns.vlmMargin }, correct),
  };
}

function marginOf(answers: OracleAnswers, rows: ArrayLike<number>): number {
  return Math.min(unreachableMargin, calibrateOracle(answers, rows).margin);
}

function countSaid(margins: Float64Array, chosen: Uint32Array): number {
  return chosen.reduce((sum, row) => sum + (margins[row] > 0 ? 1 : 0), 0);
}

/** Core's variants as reports name them. */
const variantNames = {
  "class-text": "CLASS_TEXT",
  "class-heatmap": "CLASS_HEATMAP",
  "vlm-image": "VLM_IMAGE",
} as const satisfies Record<OracleVariant, string>;

/** How the localisations of the sampled misclassified inputs change with the oracle. */
function agreement(
  rows: RunRows,
  { misclassified, calibration }: Pick<Samples, "misclassified" | "calibration">,
  classes: number,
  margins: LocalisationMargins,
): ReportDetails["oracle"]["agreement"] {
  const { columns } = rows;
  const inputs = inputsOf(rows, misclassified.rows);
  const correct = Array.from(calibration.rows.keys()).filter(
    (i) => columns.label[calibration.rows[i]] === columns.predicted[calibration.rows[i]],
  );
  const faults: Parameters<typeof oracleAgreement>[0] = {
    "class-text": localise(inputs, margins),
    "vlm-image": localise({ ...inputs, oracle: inputs.vlm }, { vlm: margins.vlm, oracle: margins.vlm }),
  };
  if (correct.length > 0) {
    const labels = Array.from(calibration.rows, (row) => columns.label[row]);
    const references = Array.from({ length: classes }, (_, k) =>
      countHeatmap(
        calibration.strengths,
        correct.filter((i) => labels[i] === k),
      ),
    );
    const answers = (strengths: Matrix, truth: ArrayLike<number>) =>
      oracleAnswers(classHeatmapScores(strengths, references), truth);
    const measured = correct.slice(0, heatmapMarginInputs);
    const calibrated = answers(
      selectRows(calibration.strengths, measured),
      measured.map((i) => labels[i]),
    );
    const scored = calibrated.margins.some((margin) => !Number.isNaN(margin));
    const margin = scored
      ? marginOf(
          calibrated,
          measured.map((_, i) => i),
        )
      : unreachableMargin;
    faults["class-heatmap"] = localise(
      { ...inputs, oracle: answers(misclassified.strengths, inputs.labels) },
      { vlm: margins.vlm, oracle: margin },
    );
  }
  return oracleAgreement(faults).variants.map(({ variant, localised, changed }) => ({
    variant: variantNames[variant],
    localised,
    changed,
  }));
}
