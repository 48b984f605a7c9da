import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import type { HeatmapCounts } from "./heatmap.ts";
import { heatmapMeans } from "./heatmap.ts";
import type { Matrix } from "./matrix.ts";
import { row } from "./matrix.ts";
import type { Interval } from "./statistics.ts";
import { wilsonInterval } from "./statistics.ts";

/**
 * The oracle names the class that an embedding means. Its variants differ only in the N×K class scores:
 *
 * - `class-text`: `strengths(aligned, classVectors)`, the class whose text is nearest to a(x); the default
 * - `class-heatmap`: `classHeatmapScores(...)`, the class whose ground-truth heatmap is nearest to H(x)
 * - `vlm-image`: `strengths(vlmImageEmbeddings, classVectors)`, the VLM's own zero-shot view of the image
 */
export const ORACLE_VARIANTS = ["class-text", "class-heatmap", "vlm-image"] as const;
export type OracleVariant = (typeof ORACLE_VARIANTS)[number];

/** What the oracle says of N labelled inputs. Small enough to keep for every input of a large run. */
export interface OracleAnswers {
  /** The class it says, N: the true class where it scores strictly highest, else the highest-scoring other class. */
  readonly classes: Int32Array;
  /**
   * Score of the true class minus the best score of another class, N. Over 0: the oracle says the true class
   * (a tie is not a yes). NaN where the true class or all others cannot be scored.
   */
  readonly margins: Float64Array;
}

/**
 * Reads the oracle's class scores against the true labels.
 *
 * @param scores N×K, higher = nearer; -Infinity marks a class that cannot be scored
 * @param labels N true classes in 0..K-1
 */
export function oracleAnswers(scores: Matrix, labels: ArrayLike<number>): OracleAnswers {
  requireSize("labels", labels.length, scores.rows, "labels (one an input)");
  if (scores.columns < 2)
    throw new InvalidInputError("scores", `has ${scores.columns} classes`, "An oracle needs at least 2.");
  const classes = new Int32Array(scores.rows);
  const margins = new Float64Array(scores.rows);
  for (let i = 0; i < scores.rows; i++) {
    requireClass("labels", labels, i, scores.columns);
    const values = row(scores, i);
    let best = labels[i] === 0 ? 1 : 0;
    for (let k = 0; k < values.length; k++) {
      if (Number.isNaN(values[k]))
        throw new InvalidInputError(
          `scores, input ${i}`,
          `is NaN for class ${k}`,
          "Remove the input or repair its embedding.",
        );
      if (k !== labels[i] && values[k] > values[best]) best = k;
    }
    const margin = values[labels[i]] - values[best];
    classes[i] = margin > 0 ? labels[i] : best;
    margins[i] = Number.isFinite(margin) ? margin : Number.NaN;
  }
  return { classes, margins };
}

/** How an input's predicates are compared with a class's reference heatmap. */
export type HeatmapSimilarity = "cosine" | "log-likelihood";

/**
 * Class scores of the `class-heatmap` oracle: how near H(x) is to each class's ground-truth heatmap.
 *
 * @param strengths N×C strengths of a(x)
 * @param references K heatmaps over the same concepts, best of *correctly classified* calibration inputs
 * @param similarity the mean Bernoulli `log-likelihood` a cell, Laplace-smoothed by one input each way (default:
 *   never worse in bench/ablation.ts), or the `cosine` of H(x) with the reference means
 * @returns N×K; -Infinity for a class whose reference has no inputs. O(N·K·C²): pass the inputs that matter
 */
export function classHeatmapScores(
  strengths: Matrix,
  references: readonly HeatmapCounts[],
  similarity: HeatmapSimilarity = "log-likelihood",
): Matrix {
  const { rows, columns: c } = strengths;
  requireFinite("strengths", strengths.data, c);
  const weights = references.map((reference, k) => {
    requireSize(`references[${k}]`, reference.concepts, c, "concepts");
    return reference.inputs === 0 ? undefined : cellWeights(reference, similarity);
  });
  const data = new Float32Array(rows * references.length);
  for (let i = 0; i < rows; i++) {
    const s = row(strengths, i);
    for (let k = 0; k < references.length; k++) {
      const weight = weights[k];
      data[i * references.length + k] = weight ? predicateScore(s, weight) : Number.NEGATIVE_INFINITY;
    }
  }
  return { rows, columns: references.length, data };
}

/** What a cell adds to the score when its predicate holds, and the score when none does. */
interface CellWeights {
  readonly whenTrue: Float64Array;
  readonly base: number;
  /** Divide by the norm of H(x), for the cosine. */
  readonly perNorm: boolean;
}

function cellWeights(reference: HeatmapCounts, similarity: HeatmapSimilarity): CellWeights {
  const { concepts, counts, inputs } = reference;
  if (similarity === "cosine") {
    const means = heatmapMeans(reference);
    const norm = Math.sqrt(means.reduce((sum, value) => sum + value * value, 0));
    return { whenTrue: means.map((value) => (norm > 0 ? value / norm : 0)), base: 0, perNorm: true };
  }
  const cells = concepts * (concepts - 1);
  const whenTrue = new Float64Array(counts.length);
  let base = 0;
  for (let cell = 0; cell < counts.length; cell++) {
    if (cell % (concepts + 1) === 0) continue;
    const p = (counts[cell] + 1) / (inputs + 2);
    whenTrue[cell] = Math.log(p / (1 - p)) / cells;
    base += Math.log(1 - p) / cells;
  }
  return { whenTrue, base, perNorm: false };
}

function predicateScore(s: Float32Array, { whenTrue, base, perNorm }: CellWeights): number {
  const c = s.length;
  let score = base;
  let held = 0;
  for (let i = 0; i < c; i++)
    for (let j = 0; j < c; j++)
      if (s[i] > s[j]) {
        score += whenTrue[i * c + j];
        held++;
      }
  return perNorm && held > 0 ? score / Math.sqrt(held) : score;
}

/** The least margin at which the oracle is trusted, and how well it did on the inputs that set it. */
export interface OracleCalibration {
  /** Answers with |margin| under this are undecided; Infinity when no margin reaches the wanted error. */
  readonly margin: number;
  /** Error of the answers at or over the margin, on the calibration inputs, with its Wilson interval. */
  readonly error: Interval;
  /** Share of the calibration inputs at or over the margin. */
  readonly coverage: number;
  /** Error of all answers, whatever their margin. */
  readonly errorWithoutMargin: Interval;
}

/**
 * Calibrates the margin: the smallest one at which at most `wantedError` of the answers are wrong, over
 * *correctly classified* inputs of the calibration split, where the meaning is known to be the true class.
 *
 * @param answers of any inputs @param rows the correctly classified calibration inputs among them
 * @param wantedError in [0, 1), 0.05 by default
 */
export function calibrateOracle(
  answers: OracleAnswers,
  rows: ArrayLike<number>,
  wantedError = 0.05,
): OracleCalibration {
  if (!(wantedError >= 0 && wantedError < 1))
    throw new InvalidInputError("wantedError", `is ${wantedError}`, "Use a share from 0 to under 1.");
  const margins = Array.from(rows, (i) => answers.margins[i]).filter((margin) => !Number.isNaN(margin));
  if (margins.length === 0)
    throw new InvalidInputError(
      "rows",
      "name no input that the oracle could score",
      "Calibrate on correctly classified inputs; add some to the calibration split.",
    );
  margins.sort((a, b) => Math.abs(b) - Math.abs(a));
  let wrong = 0;
  let best = { margin: Number.POSITIVE_INFINITY, wrong: 0, kept: 0 };
  margins.forEach((margin, index) => {
    if (margin <= 0) wrong++;
    const endsTie = index + 1 === margins.length || Math.abs(margins[index + 1]) < Math.abs(margin);
    if (endsTie && wrong <= wantedError * (index + 1))
      best = { margin: Math.abs(margin), wrong, kept: index + 1 };
  });
  return {
    margin: best.margin,
    error: wilsonInterval(best.wrong, best.kept),
    coverage: best.kept / margins.length,
    errorWithoutMargin: wilsonInterval(wrong, margins.length),
  };
}

/**
 * Per class, the margin that an embedding which kept its meaning reaches: the lower conformal quantile of the
 * truth margins of correctly classified calibration inputs of the class, at least 0.
 *
 * A new input of the class that is exchangeable with these falls under it with a chance of at most `share`. A
 * merely positive margin is weak evidence that the meaning was kept: an encoder that merges two classes leaves
 * its victims between both texts, often a little on the right side (bench/ablation.ts, Menagerie v1.1).
 *
 * @param answers of N inputs @param labels N true classes @param rows the correctly classified calibration inputs
 * @param share in (0, 1), 0.05 by default; classes with fewer than 1/share − 1 inputs use all classes' quantile
 * @returns K margins >= 0
 */
export function keptMargins(
  answers: OracleAnswers,
  labels: ArrayLike<number>,
  rows: ArrayLike<number>,
  classes: number,
  share = 0.05,
): Float64Array {
  if (!(share > 0 && share < 1))
    throw new InvalidInputError("share", `is ${share}`, "Use a share between 0 and 1, as 0.05.");
  const all: number[] = [];
  const byClass: number[][] = Array.from({ length: classes }, () => []);
  for (let k = 0; k < rows.length; k++) {
    requireClass("labels", labels, rows[k], classes);
    const margin = answers.margins[rows[k]];
    if (Number.isNaN(margin)) continue;
    all.push(margin);
    byClass[labels[rows[k]]].push(margin);
  }
  const quantile = (margins: number[]): number | undefined =>
    margins.sort((a, b) => a - b)[Math.floor(share * (margins.length + 1)) - 1];
  const pooled = quantile(all) ?? 0;
  return Float64Array.from(byClass, (margins) => Math.max(0, quantile(margins) ?? pooled));
}

/** Throws InvalidInputError unless values[i] is a class number under `classes`. */
export function requireClass(field: string, values: ArrayLike<number>, i: number, classes: number): void {
  if (!(Number.isInteger(values[i]) && values[i] >= 0 && values[i] < classes))
    throw new InvalidInputError(
      `${field}[${i}]`,
      `is ${values[i]}, not a class number`,
      `Use whole numbers from 0 to ${classes - 1}.`,
    );
}
