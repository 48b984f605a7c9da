import { Detector, type DetectorEmbedding, type DetectorModel, type DetectorRule } from "../detector.ts";
import { InvalidInputError, requireSize } from "../errors.ts";
import { countHeatmap, winRateHeatmap } from "../heatmap.ts";
import { type Matrix, selectRows } from "../matrix.ts";
import { permutation, random } from "../random.ts";
import { conformalMinimum, conformalThreshold } from "./conformal.ts";
import type { Similarity } from "./reference.ts";

/** What a detector is calibrated on. The inputs must not have trained the classifier. */
export interface CalibrationInput {
  /** N×C concept strengths. */
  readonly strengths: Matrix;
  /** N true class numbers. */
  readonly labels: ArrayLike<number>;
  /** N predicted class numbers. */
  readonly predictions: ArrayLike<number>;
  /** C concept phrases, in the order of the columns. */
  readonly concepts: readonly string[];
  /** K class names, in the order of the class numbers. */
  readonly classes: readonly string[];
  /** Lets the detector read classifier embeddings directly; goes into the artifact. */
  readonly embedding?: DetectorEmbedding;
}

export interface CalibrationOptions {
  /** Default `cosine`. */
  readonly similarity?: Similarity;
  /** Default: conformal, alpha 0.05, scope `class`. */
  readonly rule?: DetectorRule;
  /** Fewest reference inputs of a class before it falls back to the pooled reference; default 10. */
  readonly minimumInputs?: number;
  /** Seed of the split into reference and threshold inputs; default 0. */
  readonly seed?: number;
  /**
   * `pairwise` (default): references hold every cell as counted. `class-concept`: only the win rate of each
   * concept, from which the cells are drawn up again (`winRateHeatmap`).
   */
  readonly reference?: "pairwise" | "class-concept";
}

/** Whether there are correct and incorrect inputs: without both kinds no detector can be calibrated. */
export function holdsBothKinds({
  labels,
  predictions,
}: Pick<CalibrationInput, "labels" | "predictions">): boolean {
  let correct = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === predictions[i]) correct++;
  return correct > 0 && correct < labels.length;
}

/**
 * Builds a detector from labelled calibration inputs.
 *
 * The rule `zero` uses all of them for the references. `conformal` keeps a random half of the *correct*
 * inputs apart: these set the thresholds and build nothing else, which is what makes the thresholds valid
 * (a split within classes, or thresholds from the inputs that built the references, would not be).
 *
 * @throws InvalidInputError when shapes do not fit, a class number is out of range, strengths hold NaN, or
 *   there is no correct or no incorrect input
 */
export function calibrateDetector(input: CalibrationInput, options: CalibrationOptions = {}): Detector {
  const { strengths, labels, predictions, concepts, classes, embedding } = input;
  const {
    similarity = "cosine",
    rule = { kind: "conformal", alpha: 0.05, scope: "class" },
    minimumInputs = 10,
    seed = 0,
    reference = "pairwise",
  } = options;
  requireSize("concepts", concepts.length, strengths.columns, "names (one a column of strengths)");
  requireSize("labels", labels.length, strengths.rows, "class numbers (one an input)");
  requireSize("predictions", predictions.length, strengths.rows, "class numbers (one an input)");
  if (!Number.isInteger(minimumInputs) || minimumInputs < 1)
    throw new InvalidInputError("minimumInputs", `is ${minimumInputs}`, "Use a whole number >= 1.");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new InvalidInputError("seed", `is ${seed}`, "Use a whole number from 0 to 2^32 - 1.");
  requireEmbedding(embedding, concepts.length);

  const correct: number[] = [];
  const incorrect: number[] = [];
  for (let row = 0; row < strengths.rows; row++)
    (requireClass("labels", labels, row, classes.length) ===
    requireClass("predictions", predictions, row, classes.length)
      ? correct
      : incorrect
    ).push(row);
  const heldOutCount = rule.kind === "conformal" ? Math.floor(correct.length / 2) : 0;
  const shuffled = Array.from(permutation(correct.length, random(seed)), (k) => correct[k]);
  const heldOut = shuffled.slice(0, heldOutCount);
  const building = shuffled.slice(heldOutCount);

  const byClass = (rows: readonly number[]): number[][] => {
    const members: number[][] = classes.map(() => []);
    for (const row of rows) members[predictions[row]].push(row);
    return members;
  };
  const incorrectRows = byClass(incorrect);
  const count = (rows: readonly number[]) => {
    const heatmap = countHeatmap(strengths, rows);
    return reference === "class-concept" ? winRateHeatmap(heatmap) : heatmap;
  };
  const references = byClass(building).map((rows, k) => ({
    correct: count(rows),
    incorrect: count(incorrectRows[k]),
    threshold: 0,
    thresholdInputs: 0,
    thresholdShared: false,
  }));
  const model: DetectorModel = {
    concepts: [...concepts],
    classes: [...classes],
    similarity,
    rule,
    minimumInputs,
    seed,
    references,
    embedding,
  };
  if (rule.kind === "zero") return new Detector(model);

  const scores = new Detector(model).scores(
    selectRows(strengths, heldOut),
    heldOut.map((row) => predictions[row]),
  );
  const scoresByClass: number[][] = classes.map(() => []);
  for (let k = 0; k < heldOut.length; k++) scoresByClass[predictions[heldOut[k]]].push(scores[k]);
  // Who shares a threshold is decided by the reference half alone: were it decided by the held-out scores
  // themselves, the shared threshold would lose its validity.
  const sharing = references.map(
    ({ correct: own }) => rule.scope === "pooled" || own.inputs < 2 * conformalMinimum(rule.alpha),
  );
  const shared = scoresByClass.filter((_, k) => sharing[k]).flat();
  return new Detector({
    ...model,
    references: references.map((one, k) => {
      const own = sharing[k] ? shared : scoresByClass[k];
      return {
        ...one,
        threshold: conformalThreshold(own, rule.alpha),
        thresholdInputs: own.length,
        thresholdShared: sharing[k],
      };
    }),
  });
}

function requireClass(field: string, numbers: ArrayLike<number>, row: number, classes: number): number {
  const value = numbers[row];
  if (!Number.isInteger(value) || value < 0 || value >= classes)
    throw new InvalidInputError(
      `${field}[${row}]`,
      `is ${value}`,
      `Use class numbers from 0 to ${classes - 1}.`,
    );
  return value;
}

/** Throws InvalidInputError when alignment, concept vectors and concepts do not fit together. */
export function requireEmbedding(embedding: DetectorEmbedding | undefined, concepts: number): void {
  if (!embedding) return;
  requireSize("embedding.conceptVectors", embedding.conceptVectors.rows, concepts, "rows (one a concept)");
  requireSize(
    "embedding.conceptVectors",
    embedding.conceptVectors.columns,
    embedding.alignment.outputWidth,
    "columns (the alignment's output width)",
  );
}
