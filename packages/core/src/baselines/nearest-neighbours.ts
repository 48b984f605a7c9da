import { normalised } from "../concept-vectors.ts";
import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import type { Matrix } from "../matrix.ts";
import { row } from "../matrix.ts";
import { largestRowProducts } from "../wasm/products/products.ts";

/** Calibration embeddings at unit length, ready to score. */
export interface NearestNeighboursModel {
  /** N×d, unit rows. */
  readonly embeddings: Matrix<Float64Array>;
  /** Which neighbour's distance is the score. */
  readonly k: number;
}

/**
 * Fits the k-NN baseline (Sun et al. 2022): keeps the embeddings (N×d) of correctly classified calibration
 * inputs, normalised. Scoring costs O(N·d) an input: pass a sample when N is large.
 *
 * @param k 50 by default, or N when fewer
 */
export function fitNearestNeighbours(embeddings: Matrix, k = 50): NearestNeighboursModel {
  if (!Number.isSafeInteger(k) || k < 1)
    throw new InvalidInputError("k", `is ${k}`, "Use a whole number >= 1, as 50.");
  if (embeddings.rows === 0)
    throw new InvalidInputError("embeddings", "is empty", "Fit on at least one calibration input.");
  return { embeddings: unitRows(embeddings), k: Math.min(k, embeddings.rows) };
}

/** Euclidean distance to the k-th nearest calibration embedding, both at unit length: N values in [0, 2]. */
export function nearestNeighboursScores(model: NearestNeighboursModel, embeddings: Matrix): Float64Array {
  requireSize("embeddings", embeddings.columns, model.embeddings.columns, "columns");
  // The largest cosine is the least distance.
  return largestRowProducts(unitRows(embeddings), model.embeddings, model.k).map((cosine) =>
    Math.sqrt(Math.max(0, 2 - 2 * cosine)),
  );
}

function unitRows(embeddings: Matrix): Matrix<Float64Array> {
  const { rows, columns, data } = embeddings;
  requireFinite("embeddings", data, columns);
  const unit = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) {
    const vector = normalised(row(embeddings, i));
    if (!vector)
      throw new InvalidInputError(
        `embeddings, input ${i}`,
        "is the zero vector, which has no direction",
        "Check the encoder.",
      );
    unit.set(vector, i * columns);
  }
  return { rows, columns, data: unit };
}
