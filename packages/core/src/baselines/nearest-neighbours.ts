import { normalised } from "../concept-vectors.ts";
import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import { rowProducts } from "../linear-algebra/products.ts";
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
  const scores = new Float64Array(embeddings.rows);
  const largest = new Float64Array(k);
  // Rows at a time: 2 MB of cosines stay in the second-level cache, and leave little for the collector.
  const batch = Math.max(16, Math.floor(262_144 / inputs));
  for (let from = 0; from < embeddings.rows; from += batch) {
    const count = Math.min(batch, embeddings.rows - from);
    const part = unit.subarray(from * width, (from + count) * width);
    const cosines = rowProducts(width, part, count, model.embeddings, inputs);
    for (let i = 0; i < count; i++) {
      const nearest = smallestOfLargest(cosines.subarray(i * inputs, (i + 1) * inputs), largest);
      scores[from + i] = Math.sqrt(Math.max(0, 2 - 2 * nearest));
    }
  }
  return scores;
}

/** The k-th largest value, where k is the length of `largest`, which then holds the k largest, rising. */
function smallestOfLargest(values: Float64Array, largest: Float64Array): number {
  largest.fill(Number.NEGATIVE_INFINITY);
  // Few values get past the first comparison once k are held, so this is cheaper than any sort.
  let least = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value <= least) continue;
    let at = 1;
    for (; at < largest.length && largest[at] < value; at++) largest[at - 1] = largest[at];
    largest[at - 1] = value;
    least = largest[0];
  }
  return least;
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
