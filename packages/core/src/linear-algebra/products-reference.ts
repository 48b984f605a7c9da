import type { Values } from "./products.ts";

/**
 * The definition of `addCrossProduct`, loop by loop: what the kernel is held against, to the bit, and what small
 * products use.
 */
export function addCrossProductReference(
  target: Float64Array,
  n: number,
  a: Values,
  p: number,
  b: Values,
  q: number,
): void {
  const sums = new Float64Array(p * q);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < p; i++) {
      const value = a[k * p + i];
      const base = i * q;
      for (let j = 0; j < q; j++) sums[base + j] += value * b[k * q + j];
    }
  }
  for (let cell = 0; cell < sums.length; cell++) target[cell] += sums[cell];
}

/** The definition of `rowProducts`, loop by loop. */
export function rowProductsReference(k: number, a: Values, n: number, b: Values, c: number): Float64Array {
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

/** The definition of `largestRowProducts`. */
export function largestRowProductsReference(
  k: number,
  a: Values,
  n: number,
  b: Values,
  c: number,
  rank: number,
): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const rising = rowProductsReference(k, a.subarray(i * k, (i + 1) * k), 1, b, c).sort();
    return rising[c - rank];
  });
}
