import { binarisedHeatmap, type HeatmapCounts } from "../heatmap.ts";
import { portableLog } from "./portable-log.ts";

/** How a single-input heatmap H is compared with a reference heatmap R (both without the diagonal). */
export const SIMILARITIES = ["cosine", "jaccard", "l1", "log-likelihood-ratio"] as const;

/**
 * - `cosine`: ⟨H, R⟩ / (‖H‖ ‖R‖), 0..1; 0 when either is all zero
 * - `jaccard`: |H ∧ B| / |H ∨ B| with B the binarised R, 0..1; 0 when both are empty
 * - `l1`: 1 − mean |H − R| over the C(C − 1) cells, 0..1
 * - `log-likelihood-ratio`: Σ H ln p + (1 − H) ln(1 − p) with p = (count + 1) / (inputs + 2) (Laplace); the
 *   difference of two of these is the log ratio of the two Bernoulli likelihoods
 */
export type Similarity = (typeof SIMILARITIES)[number];

/** What a similarity needs of its reference besides the weights. */
export interface ReferenceTerms {
  /** What an input whose every predicate is false would get (`l1`, `log-likelihood-ratio`), else 0. */
  readonly base: number;
  /** `base` divided among the concepts: half of each cell to each of its two concepts. */
  readonly baseByConcept: Float64Array;
  /** |B|, for `jaccard`; else 0. */
  readonly size: number;
}

/**
 * A reference heatmap made ready: every similarity depends on H through its size |H| and the sum of `weights`
 * over the cells where H is 1 alone, so that checking an input takes one pass over half of the cells.
 */
export interface ReferenceWeights extends ReferenceTerms {
  /** C×C row-major; the diagonal is 0. */
  readonly weights: Float64Array;
}

/** Prepares a reference with at least one input. O(C²). */
export function referenceWeights(reference: HeatmapCounts, similarity: Similarity): ReferenceWeights {
  const { concepts, inputs, counts } = reference;
  const weights = new Float64Array(counts.length);
  const baseByConcept = new Float64Array(concepts);
  let base = 0;
  let size = 0;
  const eachCell = (visit: (cell: number, i: number, j: number) => void) => {
    for (let i = 0; i < concepts; i++)
      for (let j = 0; j < concepts; j++) if (i !== j) visit(i * concepts + j, i, j);
  };
  const addBase = (value: number, i: number, j: number) => {
    base += value;
    baseByConcept[i] += value / 2;
    baseByConcept[j] += value / 2;
  };
  switch (similarity) {
    case "cosine": {
      let squares = 0;
      eachCell((cell) => {
        squares += (counts[cell] / inputs) ** 2;
      });
      const norm = Math.sqrt(squares);
      if (norm > 0)
        eachCell((cell) => {
          weights[cell] = counts[cell] / inputs / norm;
        });
      break;
    }
    case "jaccard": {
      weights.set(binarisedHeatmap(reference));
      for (const weight of weights) size += weight;
      break;
    }
    case "l1": {
      const cells = concepts * (concepts - 1);
      eachCell((cell, i, j) => {
        const mean = counts[cell] / inputs;
        weights[cell] = (2 * mean - 1) / cells;
        addBase((1 - mean) / cells, i, j);
      });
      break;
    }
    case "log-likelihood-ratio": {
      eachCell((cell, i, j) => {
        const logFalse = portableLog((inputs - counts[cell] + 1) / (inputs + 2));
        weights[cell] = portableLog((counts[cell] + 1) / (inputs + 2)) - logFalse;
        addBase(logFalse, i, j);
      });
      break;
    }
  }
  return { weights, base, baseByConcept, size };
}

/**
 * What multiplies the sum of weights over H to give the similarity less its base.
 *
 * @param sum Σ of the weights over the cells where H is 1
 * @param trueCells |H|
 */
export function similarityScale(
  similarity: Similarity,
  reference: ReferenceTerms,
  sum: number,
  trueCells: number,
): number {
  switch (similarity) {
    case "cosine":
      return trueCells === 0 ? 0 : 1 / Math.sqrt(trueCells);
    case "jaccard":
      return 1 / Math.max(1, trueCells + reference.size - sum);
    default:
      return 1;
  }
}
