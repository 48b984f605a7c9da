import { normalised } from "../concept-vectors.ts";
import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import { largestRowProducts } from "../linear-algebra/products.ts";
import type { Matrix } from "../matrix.ts";
import { row } from "../matrix.ts";

/** Calibration embeddings at unit length, ready to score. */
export interface NearestNeighboursModel {
  readonly width: number;
  readonly inputs: number;
  /** inputs×d, unit rows. */
  readonly embeddings: Float64Array;
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
  return {
    width: embeddings.columns,
    inputs: embeddings.rows,
    embeddings: unitRows(embeddings),
    k: Math.min(k, embeddings.rows),
  };
}

/** Euclidean distance to the k-th nearest calibration embedding, both at unit length: N values in [0, 2]. */
export function nearestNeighboursScores(model: NearestNeighboursModel, embeddings: Matrix): Float64Array {
  const { width, inputs, k } = model;
  requireSize("embeddings", embeddings.columns, width, "columns");
  const unit = unitRows(embeddings);
  // The largest cosine is the least distance.
  return largestRowProducts(width, unit, embeddings.rows, model.embeddings, inputs, k).map((cosine) =>
    Math.sqrt(Math.max(0, 2 - 2 * cosine)),
  );
}

function unitRows(embeddings: Matrix): Float64Array {
  requireFinite("embeddings", embeddings.data, embeddings.columns);
  const unit = new Float64Array(embeddings.data.length);
  for (let i = 0; i < embeddings.rows; i++) {
    const vector = normalised(row(embeddings, i));
    if (!vector)
      throw new InvalidInputError(
        `embeddings, input ${i}`,
        "is the zero vector, which has no direction",
        "Check the encoder.",
      );
    unit.set(vector, i * embeddings.columns);
  }
  return unit;
}
