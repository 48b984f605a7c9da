import { normalised } from "./concept-vectors.ts";
import { InvalidInputError, requireSize } from "./errors.ts";
import type { Matrix } from "./matrix.ts";
import { row } from "./matrix.ts";
import { oracleAnswers } from "./oracle.ts";
import type { Random } from "./random.ts";
import { permutation, random } from "./random.ts";
import { strengths } from "./strengths.ts";
import { crossProduct } from "./wasm/products/products.ts";

export interface SharedSpaceOptions {
  readonly seed: number;
  /** Draws of each permutation test, 499 by default; at least 2 × tests / level for any test to pass. */
  readonly permutations?: number;
  /** Chance of accepting unrelated spaces, 0.01 by default; split evenly among the tests made (Bonferroni). */
  readonly level?: number;
  /** The class of each image and the class vectors (K×m), where known: adds the zero-shot test. */
  readonly labelled?: { readonly labels: ArrayLike<number>; readonly classVectors: Matrix };
}

/** Whether image and text embeddings live in one space, with the evidence. All p-values are in (0, 1]. */
export interface SharedSpaceCheck {
  /** True when no test could tell the texts from texts of an unrelated space. */
  readonly mismatched: boolean;
  /** Mean cosine over all image-text pairs. */
  readonly meanCosine: number;
  /** Chance of so high a mean cosine when the dimensions of the texts do not belong to those of the images. */
  readonly meanCosinePValue: number;
  /** The same for the overlap of the directions in which images differ with those in which texts differ. */
  readonly covariancePValue: number;
  /** Zero-shot accuracy and the chance of one so high when the class vectors' names are dealt out at random. */
  readonly zeroShot?: { readonly accuracy: number; readonly pValue: number };
}

/**
 * Asks whether a VLM's image embeddings (N×m) and text embeddings (P×m) belong to the same space. Two towers of
 * different CLIPs can share a width and still mean nothing to each other, and cosines alone do not show it.
 *
 * Under the null hypothesis dimension i of the texts has nothing to do with dimension i of the images, so that
 * shuffling the dimensions of the texts (the same way for all) changes nothing. Against this null two
 * statistics are tested: the mean cosine over all pairs (tr of the means' product; positive in CLIP-like
 * spaces), and tr(Σ_images·Σ_texts), the overlap of the centred covariances (high when texts differ along
 * directions in which the images differ, as class names do). With labels, zero-shot accuracy is tested too,
 * against the same class vectors under shuffled names (not shuffled labels: even an unrelated vector sorts
 * clustered images by class somehow). One significant test is evidence enough of a shared space.
 *
 * Limits: with images or texts that all mean the same, only the mean can speak; the zero-shot test needs
 * about 6 classes (K! ways to name them); a VLM whose modality gap makes
 * the mean cosine negative relies on the covariances or labels; a space that is *nearly* the right one (a
 * fine-tuned copy of the same CLIP) passes, as it should be caught by zero-shot accuracy instead. Needs at
 * least 2 images; the more varied they and the texts are the surer. Costs O((N + P)·m² + permutations·m²).
 */
export function checkSharedSpace(
  images: Matrix,
  texts: Matrix,
  options: SharedSpaceOptions,
): SharedSpaceCheck {
  const { seed, permutations = 499, level = 0.01, labelled } = options;
  requireSize("texts", texts.columns, images.columns, "columns");
  if (images.rows < 2)
    throw new InvalidInputError("images", `has ${images.rows} rows`, "Pass at least 2 image embeddings.");
  if (texts.rows < 1) throw new InvalidInputError("texts", "is empty", "Pass at least 1 text embedding.");
  if (!Number.isSafeInteger(permutations) || permutations < 1)
    throw new InvalidInputError("permutations", `is ${permutations}`, "Use a whole number >= 1.");
  if (!(level > 0 && level < 1))
    throw new InvalidInputError("level", `is ${level}`, "Use a number between 0 and 1, as 0.01.");
  const uniform = random(seed);
  const image = moments("images", images);
  const text = moments("texts", texts);
  const identity = Uint32Array.from({ length: images.columns }, (_, i) => i);
  const meanCosine = dotPermuted(image.mean, text.mean, identity);
  const overlap = overlapPermuted(image.covariance, text.covariance, identity);
  let meansAsHigh = 1;
  let overlapsAsHigh = 1;
  for (let draw = 0; draw < permutations; draw++) {
    const shuffled = permutation(images.columns, uniform);
    if (dotPermuted(image.mean, text.mean, shuffled) >= meanCosine) meansAsHigh++;
    if (overlapPermuted(image.covariance, text.covariance, shuffled) >= overlap) overlapsAsHigh++;
  }
  const meanCosinePValue = meansAsHigh / (permutations + 1);
  const covariancePValue = overlapsAsHigh / (permutations + 1);
  const zeroShot = labelled && zeroShotTest(images, labelled, permutations, uniform);
  const pValues = [meanCosinePValue, covariancePValue, ...(zeroShot ? [zeroShot.pValue] : [])];
  const mismatched = !pValues.some((p) => p <= level / pValues.length);
  return { mismatched, meanCosine, meanCosinePValue, covariancePValue, zeroShot };
}

/** Throws InvalidInputError with a remedy when the check found a mismatch. */
export function requireSharedSpace(check: SharedSpaceCheck): void {
  if (!check.mismatched) return;
  throw new InvalidInputError(
    "VLM text embeddings",
    "are not in the space of its image embeddings (mean image-text cosine " +
      `${check.meanCosine.toFixed(3)}, p = ${check.meanCosinePValue.toFixed(3)}; covariance overlap ` +
      `p = ${check.covariancePValue.toFixed(3)}` +
      `${check.zeroShot ? `; zero-shot accuracy ${check.zeroShot.accuracy.toFixed(3)}` : ""})`,
    "Use the image tower and the text tower of one and the same VLM, with its own tokenizer and preprocessing.",
  );
}

/** Mean and covariance (m×m) of the rows at unit length. */
function moments(field: string, embeddings: Matrix): { mean: Float64Array; covariance: Float64Array } {
  const { rows, columns } = embeddings;
  const unit = new Float64Array(embeddings.data.length);
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const vector = normalised(row(embeddings, i));
    if (!vector)
      throw new InvalidInputError(`${field}, row ${i}`, "is zero or not a number", "Check the VLM's tower.");
    unit.set(vector, i * columns);
    for (let j = 0; j < columns; j++) mean[j] += vector[j] / rows;
  }
  for (let i = 0; i < unit.length; i++) unit[i] -= mean[i % columns];
  const centred = { rows, columns, data: unit };
  return { mean, covariance: crossProduct(centred, centred).data.map((value) => value / rows) };
}

function dotPermuted(a: Float64Array, b: Float64Array, order: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[order[i]];
  return sum;
}

/** tr(A·PBPᵀ) of symmetric matrices, from one triangle. */
function overlapPermuted(a: Float64Array, b: Float64Array, order: Uint32Array): number {
  const m = order.length;
  let diagonal = 0;
  let above = 0;
  for (let i = 0; i < m; i++) {
    const permutedRow = order[i] * m;
    diagonal += a[i * m + i] * b[permutedRow + order[i]];
    for (let j = i + 1; j < m; j++) above += a[i * m + j] * b[permutedRow + order[j]];
  }
  return diagonal + 2 * above;
}

function zeroShotTest(
  images: Matrix,
  { labels, classVectors }: NonNullable<SharedSpaceOptions["labelled"]>,
  permutations: number,
  uniform: Random,
) {
  const { classes } = oracleAnswers(strengths(images, classVectors), labels);
  const k = classVectors.rows;
  const confusion = new Uint32Array(k * k);
  for (let i = 0; i < classes.length; i++) confusion[labels[i] * k + classes[i]]++;
  const hits = (name: ArrayLike<number>) => {
    let count = 0;
    for (let label = 0; label < k; label++) count += confusion[label * k + name[label]];
    return count;
  };
  const right = hits(Uint32Array.from({ length: k }, (_, label) => label));
  let asHigh = 1;
  for (let draw = 0; draw < permutations; draw++) if (hits(permutation(k, uniform)) >= right) asHigh++;
  return { accuracy: right / classes.length, pValue: asHigh / (permutations + 1) };
}
