/** Row-major values of any floating-point width; all arithmetic is done in float64. */
export type Values = Float32Array | Float64Array;

/**
 * AᵀB (p×q, row-major) of A (n×p) and B (n×q).
 *
 * Every element is summed over the rows in order, in float64, so that the answer has the same bits on every
 * machine.
 */
export function crossProduct(n: number, a: Values, p: number, b: Values, q: number): Float64Array {
  const out = new Float64Array(p * q);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < p; i++) {
      const value = a[k * p + i];
      const base = i * q;
      for (let j = 0; j < q; j++) out[base + j] += value * b[k * q + j];
    }
  }
  return out;
}

/**
 * ABᵀ (n×c, row-major) of A (n×k) and B (c×k): all dot products of the rows of A with the rows of B.
 *
 * Every dot product is summed from the first column to the last, in float64: a row of A gives the same bits
 * alone and in a batch.
 */
export function rowProducts(k: number, a: Values, n: number, b: Values, c: number): Float64Array {
  const out = new Float64Array(n * c);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < c; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * k + l] * b[j * k + l];
      out[i * c + j] = sum;
    }
  }
  return out;
}
