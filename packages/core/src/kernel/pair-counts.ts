import type { Matrix } from "../matrix.ts";
import { addJointPairCountsReference, addPairCountsReference } from "./pair-counts-reference.ts";

/**
 * Adds to `counts[i * C + j]` the number of the given rows with strength i > strength j. NaN must have been
 * rejected before.
 */
export function addPairCounts(strengths: Matrix, rows: ArrayLike<number>, counts: Uint32Array): void {
  addPairCountsReference(strengths, rows, counts);
}

/**
 * Adds to `counts[i * C + j]` the number of the given rows with i > j in both matrices (equal shapes).
 */
export function addJointPairCounts(
  first: Matrix,
  second: Matrix,
  rows: ArrayLike<number>,
  counts: Uint32Array,
): void {
  addJointPairCountsReference(first, second, rows, counts);
}
