import type { Alignment } from "./alignment.ts";
import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import { type Matrix, matrix, transposed } from "./matrix.ts";
import { detectionMetrics, ranking } from "./metrics.ts";
import { benjaminiHochberg, normalSurvival } from "./statistics.ts";
import { strengths } from "./strengths.ts";
import { crossProduct, rowProducts } from "./wasm/products/products.ts";
import { symmetricEigen } from "./wasm/products/symmetric-eigen.ts";

/** What an encoder lost or invented on faulty inputs, per concept; all arrays of length C. */
export interface EncoderExplanation {
  /**
   * Mean over faulty inputs of (standardised aligned strength − standardised VLM strength of the same image), in
   * standard deviations over the reference inputs. Negative: lost, the image shows it but the encoder's view does
   * not. Positive: invented.
   */
  readonly shift: Float64Array;
  /** Two-sided Mann-Whitney test of the faulty inputs' differences against the reference inputs'. */
  readonly pValue: Float64Array;
  /** Benjamini-Hochberg over the concepts. */
  readonly qValue: Float64Array;
}

/**
 * Explains encoder faults in concepts: compares each image's aligned strengths with the VLM's own strengths of
 * the same image. Both are standardised per concept over reference inputs (best: all correctly classified ones),
 * because the alignment shrinks and shifts strengths even where nothing is wrong.
 *
 * @param aligned N×C strengths of a(x) @param vlm N×C strengths of the VLM's image embeddings
 * @param faulty rows with an ENCODER fault, at least 1 @param reference rows to compare with, at least 2
 */
export function explainEncoderFaults(
  aligned: Matrix,
  vlm: Matrix,
  faulty: ArrayLike<number>,
  reference: ArrayLike<number>,
): EncoderExplanation {
  requireSize("vlm", vlm.rows, aligned.rows, "rows");
  requireSize("vlm", vlm.columns, aligned.columns, "columns");
  requireFinite("aligned", aligned.data, aligned.columns);
  requireFinite("vlm", vlm.data, vlm.columns);
  requireRows("faulty", faulty, aligned.rows, 1);
  requireRows("reference", reference, aligned.rows, 2);
  const concepts = aligned.columns;
  const shift = new Float64Array(concepts);
  const pValue = new Float64Array(concepts);
  for (let c = 0; c < concepts; c++) {
    const a = standardiser(aligned, c, reference);
    const b = standardiser(vlm, c, reference);
    const difference = (i: number) => a(i) - b(i);
    const faultyDifferences = Float64Array.from(faulty, difference);
    shift[c] = faultyDifferences.reduce((sum, value) => sum + value, 0) / faulty.length;
    pValue[c] = mannWhitneyPValue(faultyDifferences, Float64Array.from(reference, difference));
  }
  return { shift, pValue, qValue: benjaminiHochberg(pValue) };
}

/** (strength − mean) / standard deviation over the reference inputs; 0 for a strength that never varies. */
function standardiser(m: Matrix, column: number, reference: ArrayLike<number>): (i: number) => number {
  let mean = 0;
  let scatter = 0;
  for (let k = 0; k < reference.length; k++) {
    const value = m.data[reference[k] * m.columns + column];
    const before = value - mean;
    mean += before / (k + 1);
    scatter += before * (value - mean);
  }
  const deviation = Math.sqrt(scatter / (reference.length - 1));
  return (i) => (deviation > 0 ? (m.data[i * m.columns + column] - mean) / deviation : 0);
}

/**
 * Two-sided Mann-Whitney U test, normal approximation with tie and continuity correction (SciPy's
 * `mannwhitneyu(method="asymptotic")`). p is 1 where all values are equal.
 */
export function mannWhitneyPValue(first: Float64Array, second: Float64Array): number {
  const all = new Float64Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  const ranked = ranking(
    all,
    all.map((_, i) => (i < first.length ? 1 : 0)),
  );
  const pairs = first.length * second.length;
  const u = detectionMetrics(ranked).auroc * pairs;
  const n = all.length;
  let ties = 0;
  let start = 0;
  for (const end of ranked.groupEnds) {
    ties += (end - start) ** 3 - (end - start);
    start = end;
  }
  const variance = (pairs / 12) * (n + 1 - ties / (n * (n - 1)));
  if (!(variance > 0)) return 1;
  const z = Math.max(0, Math.abs(u - pairs / 2) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * normalSurvival(z));
}

/** A linear head in the words of concepts, compared with what the class names mean; K×C row-major each. */
export interface HeadExplanation {
  readonly classes: number;
  readonly concepts: number;
  /** How much the logit of a class grows along a concept: the head's row through the pseudo-inverse, on t_c. */
  readonly weights: Float64Array;
  /** What the VLM expects: the cosine of class text and concept. */
  readonly expected: Float64Array;
}

/**
 * Reads a linear head's rows in concepts. With a(x) = A·x + b and x ≈ A⁺(a(x) − b), the logits are W·A⁺·a(x) +
 * constant, so that (W·A⁺)·t_c is the weight that the head gives to concept c, beside the cosine of class text
 * and concept that a head reading meanings would follow.
 *
 * Directions of A with a singular value under `cutoff` of the largest are left out of the pseudo-inverse: the
 * alignment hardly sees them, and inverting them would turn noise into weight. The head sees more than the
 * alignment does, so this explains only its part within the VLM's view.
 *
 * @param headWeights K×d, W (a head in ONNX gives it by its logits at 0 and at the unit vectors)
 * @param conceptVectors C×m @param classVectors K×m, in the order of the head's classes
 * @param cutoff in [0, 1), 0.01 by default
 */
export function explainHead(
  headWeights: Matrix,
  alignment: Alignment,
  conceptVectors: Matrix,
  classVectors: Matrix,
  cutoff = 0.01,
): HeadExplanation {
  const { inputWidth: d, outputWidth: m } = alignment;
  requireSize("headWeights", headWeights.columns, d, "columns");
  requireSize("conceptVectors", conceptVectors.columns, m, "columns");
  requireSize("classVectors", classVectors.columns, m, "columns");
  requireSize("classVectors", classVectors.rows, headWeights.rows, "rows");
  requireFinite("headWeights", headWeights.data, d);
  if (!(cutoff >= 0 && cutoff < 1))
    throw new InvalidInputError("cutoff", `is ${cutoff}`, "Use a share from 0 to under 1, as 0.01.");
  const a = matrix(m, d, alignment.weights);
  const { values, vectors } = symmetricEigen(crossProduct(a, a));
  const least = Math.max(values[d - 1], 0) * Math.max(cutoff ** 2, d * Number.EPSILON);
  // Rows v/σ of the kept eigenvectors v of AᵀA: A⁺ = Σ (v/σ)(v/σ)ᵀ·Aᵀ. They ascend, so the kept ones come last.
  const kept = values.filter((value) => value > least).length;
  const scaled = vectors.data
    .subarray((d - kept) * d)
    .map((value, at) => value / Math.sqrt(values[d - kept + Math.floor(at / d)]));
  const directions = matrix(kept, d, scaled);
  // Concept side: Aᵀt_c, C×d; then both sides in the kept directions.
  const conceptSide = rowProducts(crossProduct(transposed(conceptVectors), a), directions);
  const headSide = rowProducts(headWeights, directions);
  return {
    classes: headWeights.rows,
    concepts: conceptVectors.rows,
    weights: rowProducts(headSide, conceptSide).data,
    expected: Float64Array.from(strengths(classVectors, conceptVectors).data),
  };
}

/**
 * Which concepts a head weighs wrongly between a true class y and the class ŷ that it predicted instead: how
 * much each concept speaks for ŷ over y in the head, less how much it does by meaning, both standardised over
 * the concepts. C values; over 0: the head takes the concept as evidence for ŷ more than its meaning warrants.
 * All 0 where the head or the meanings make no difference between the classes.
 */
export function headFaultConcepts(
  explanation: HeadExplanation,
  trueClass: number,
  predictedClass: number,
): Float64Array {
  const { classes, concepts, weights, expected } = explanation;
  for (const [field, value] of Object.entries({ trueClass, predictedClass }))
    if (!(Number.isInteger(value) && value >= 0 && value < classes))
      throw new InvalidInputError(field, `is ${value}`, `Use a class number from 0 to ${classes - 1}.`);
  const contrast = (values: Float64Array) =>
    standardised(
      Float64Array.from(
        { length: concepts },
        (_, c) => values[predictedClass * concepts + c] - values[trueClass * concepts + c],
      ),
    );
  const head = contrast(weights);
  const meaning = contrast(expected);
  if (!head || !meaning) return new Float64Array(concepts);
  return head.map((value, c) => value - meaning[c]);
}

function standardised(values: Float64Array): Float64Array | undefined {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return deviation > 0 ? values.map((value) => (value - mean) / deviation) : undefined;
}

function requireRows(field: string, rows: ArrayLike<number>, inputs: number, least: number): void {
  if (rows.length < least)
    throw new InvalidInputError(field, `has ${rows.length} inputs`, `Pass at least ${least}.`);
  for (let k = 0; k < rows.length; k++)
    if (!(Number.isInteger(rows[k]) && rows[k] >= 0 && rows[k] < inputs))
      throw new InvalidInputError(
        `${field}[${k}]`,
        `is ${rows[k]}`,
        `Use row numbers from 0 to ${inputs - 1}.`,
      );
}
