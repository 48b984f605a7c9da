import type { Floats, Matrix } from "../../matrix.ts";

/**
 * The definition of `addCrossProduct`, loop by loop: what the kernel is held against, to the bit, and what small
 * products use.
 */
export function addCrossProductReference(target: Float64Array, a: Matrix<Floats>, b: Matrix<Floats>): void {
  const { rows: n, columns: p, data: left } = a;
  const { columns: q, data: right } = b;
  const sums = new Float64Array(p * q);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < p; i++) {
      const value = left[k * p + i];
      const base = i * q;
      for (let j = 0; j < q; j++) sums[base + j] += value * right[k * q + j];
    }
  }
  for (let cell = 0; cell < sums.length; cell++) target[cell] += sums[cell];
}

/** The definition of `rowProducts`, loop by loop. */
export function rowProductsReference(a: Matrix<Floats>, b: Matrix<Floats>): Matrix<Float64Array> {
  const { rows: n, columns: k, data: left } = a;
  const { rows: c, data: right } = b;
  const data = new Float64Array(n * c);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < c; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += left[i * k + l] * right[j * k + l];
      data[i * c + j] = sum;
    }
  }
  return { rows: n, columns: c, data };
}

/** The definition of `largestRowProducts`. */
export function largestRowProductsReference(
  a: Matrix<Floats>,
  b: Matrix<Floats>,
  rank: number,
): Float64Array {
  const { rows: n, columns: k } = a;
  return Float64Array.from({ length: n }, (_, i) => {
    const one = { rows: 1, columns: k, data: a.data.subarray(i * k, (i + 1) * k) };
    const rising = rowProductsReference(one, b).data.sort();
    return rising[b.rows - rank];
  });
}
