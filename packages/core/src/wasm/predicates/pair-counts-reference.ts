import type { Matrix } from "../../matrix.ts";

/**
 * Adds to `counts[i * C + j]` the number of the given rows with `strengths[row, i] > strengths[row, j]`.
 *
 * The definition itself, one comparison a pair: the oracle that the WebAssembly kernel is held against, and
 * what runs where WebAssembly SIMD is missing. O(rows · C²), no allocation.
 */
export function addPairCountsReference(
  strengths: Matrix,
  rows: ArrayLike<number>,
  counts: Uint32Array<ArrayBufferLike>,
): void {
  const { columns: concepts, data } = strengths;
  for (let k = 0; k < rows.length; k++) {
    const start = rows[k] * concepts;
    for (let i = 0; i < concepts; i++) {
      const strength = data[start + i];
      const cell = i * concepts;
      for (let j = 0; j < concepts; j++) if (strength > data[start + j]) counts[cell + j]++;
    }
  }
}

/**
 * Adds to `counts[i * C + j]` the number of rows where the predicate (i over j) holds in both matrices, of
 * the same shape and the same inputs.
 */
export function addJointPairCountsReference(
  first: Matrix,
  second: Matrix,
  rows: ArrayLike<number>,
  counts: Uint32Array<ArrayBufferLike>,
): void {
  const concepts = first.columns;
  for (let k = 0; k < rows.length; k++) {
    const start = rows[k] * concepts;
    for (let i = 0; i < concepts; i++) {
      const cell = i * concepts;
      for (let j = 0; j < concepts; j++)
        if (first.data[start + i] > first.data[start + j] && second.data[start + i] > second.data[start + j])
          counts[cell + j]++;
    }
  }
}
