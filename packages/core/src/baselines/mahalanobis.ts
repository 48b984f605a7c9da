import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { requireClass } from "../oracle.ts";
import { crossProduct, rowProducts } from "../wasm/products/products.ts";
import { symmetricEigen } from "../wasm/products/symmetric-eigen.ts";

/** Class means and a shared covariance of embeddings, ready to score. */
export interface MahalanobisModel {
  /** Classes that had calibration inputs. */
  readonly classes: readonly number[];
  /** Class means mapped by `whitening`, classes×d. */
  readonly whitenedMeans: Matrix<Float64Array>;
  /** W with WᵀW = Σ⁻¹, d×d, so that the distance is Euclidean after it. */
  readonly whitening: Matrix<Float64Array>;
  /** Ledoit-Wolf shrinkage in [0, 1]: the weight of the scaled identity. */
  readonly shrinkage: number;
}

/**
 * Fits the Mahalanobis baseline (Lee et al. 2018): Gaussians with a mean per class and one covariance, here
 * with Ledoit-Wolf shrinkage (2004) towards the scaled identity, equal to scikit-learn's `ledoit_wolf` on the
 * embeddings less their class means, which keeps it sound when inputs are few or dimensions collinear.
 *
 * @param embeddings N×d of correctly classified calibration inputs @param labels N classes in 0..classes-1
 */
export function fitMahalanobis(
  embeddings: Matrix,
  labels: ArrayLike<number>,
  classes: number,
): MahalanobisModel {
  const { rows: n, columns: d, data } = embeddings;
  requireSize("labels", labels.length, n, "labels (one an input)");
  requireFinite("embeddings", data, d);
  if (n < 2)
    throw new InvalidInputError("embeddings", `has ${n} inputs`, "Fit on at least 2 calibration inputs.");
  const counts = new Float64Array(classes);
  const means = new Float64Array(classes * d);
  for (let i = 0; i < n; i++) {
    requireClass("labels", labels, i, classes);
    counts[labels[i]]++;
    for (let j = 0; j < d; j++) means[labels[i] * d + j] += data[i * d + j];
  }
  for (let k = 0; k < means.length; k++) means[k] /= Math.max(1, counts[Math.floor(k / d)]);
  const centred = new Float64Array(data.length);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) centred[i * d + j] = data[i * d + j] - means[labels[i] * d + j];
  const { covariance, shrinkage } = ledoitWolf(matrix(n, d, centred));

  const { values, vectors } = symmetricEigen(covariance);
  const largest = values[d - 1];
  if (!(largest > 0))
    throw new InvalidInputError(
      "embeddings",
      "do not vary within any class",
      "Fit on more calibration inputs, or check the encoder.",
    );
  const least = largest * d * Number.EPSILON;
  const scaled = vectors.data.map((value, at) => {
    const variance = values[Math.floor(at / d)];
    return variance > least ? value / Math.sqrt(variance) : 0;
  });
  const whitening = matrix(d, d, scaled);
  const present = Array.from(counts.keys()).filter((k) => counts[k] > 0);
  const presentMeans = matrix(present.length, d, new Float64Array(present.length * d));
  present.forEach((k, index) => {
    presentMeans.data.set(means.subarray(k * d, (k + 1) * d), index * d);
  });
  return { classes: present, whitenedMeans: rowProducts(presentMeans, whitening), whitening, shrinkage };
}

/** Squared Mahalanobis distance to the nearest class mean, N values >= 0; higher = more likely a defect. */
export function mahalanobisScores(model: MahalanobisModel, embeddings: Matrix): Float64Array {
  const { whitenedMeans, whitening, classes } = model;
  const d = whitening.columns;
  requireSize("embeddings", embeddings.columns, d, "columns");
  requireFinite("embeddings", embeddings.data, d);
  const whitened = rowProducts(embeddings, whitening);
  const scores = new Float64Array(embeddings.rows).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < scores.length; i++)
    for (let k = 0; k < classes.length; k++) {
      let distance = 0;
      for (let j = 0; j < d; j++) {
        const difference = whitened.data[i * d + j] - whitenedMeans.data[k * d + j];
        distance += difference * difference;
      }
      scores[i] = Math.min(scores[i], distance);
    }
  return scores;
}

/** Ledoit & Wolf (2004), Lemma 3.2-3.4, of rows that are centred already. */
function ledoitWolf(centred: Matrix<Float64Array>) {
  const { rows: n, columns: d, data } = centred;
  const covariance = crossProduct(centred, centred).data.map((value) => value / n);
  let trace = 0;
  for (let j = 0; j < d; j++) trace += covariance[j * d + j];
  const mu = trace / d;
  // ‖x xᵀ‖² = ‖x‖⁴, so the spread of the x xᵀ about the covariance needs only row norms.
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    let norm = 0;
    for (let j = i * d; j < (i + 1) * d; j++) norm += data[j] * data[j];
    fourth += norm * norm;
  }
  const squares = covariance.reduce((sum, value) => sum + value * value, 0);
  const spread = (fourth / n - squares) / n;
  const distance = squares - d * mu * mu;
  const shrinkage = distance > 0 ? Math.min(1, Math.max(0, spread / distance)) : 0;
  const shrunk = covariance.map(
    (value, index) => (1 - shrinkage) * value + (index % (d + 1) === 0 ? shrinkage * mu : 0),
  );
  return { covariance: matrix(d, d, shrunk), shrinkage };
}
