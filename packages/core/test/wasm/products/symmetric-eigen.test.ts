import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Matrix, matrix } from "../../../src/matrix.ts";
import { random } from "../../../src/random.ts";
import { crossProduct } from "../../../src/wasm/products/products.ts";
import { type SymmetricEigen, symmetricEigen } from "../../../src/wasm/products/symmetric-eigen.ts";

/** A symmetric matrix with the given rank at most. */
function symmetric(n: number, rank: number, seed: number): Matrix<Float64Array> {
  const uniform = random(seed);
  const draws = Float64Array.from({ length: rank * n }, () => uniform() - 0.5);
  const x = matrix(rank, n, draws);
  return crossProduct(x, x);
}

/** Largest error of S·v = λ·v and of vᵀv = I, relative to the largest eigenvalue. */
function error({ rows: n, data: s }: Matrix<Float64Array>, eigen: SymmetricEigen): number {
  const { values } = eigen;
  const vectors = eigen.vectors.data;
  const scale = Math.max(Number.MIN_VALUE, ...values.map(Math.abs));
  let worst = 0;
  for (let i = 0; i < n; i++) {
    const v = vectors.subarray(i * n, (i + 1) * n);
    for (let row = 0; row < n; row++) {
      let product = 0;
      let inner = 0;
      for (let k = 0; k < n; k++) {
        product += s[row * n + k] * v[k];
        inner += vectors[row * n + k] * v[k];
      }
      worst = Math.max(worst, Math.abs(product - values[i] * v[row]) / scale);
      worst = Math.max(worst, Math.abs(inner - (row === i ? 1 : 0)));
    }
  }
  return worst;
}

describe("symmetricEigen", () => {
  it("solves S·v = λ·v with orthonormal v, ascending, at any size and rank", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 0, max: 1e6 }), (n, rank, seed) => {
        const s = symmetric(n, rank, seed);
        const eigen = symmetricEigen(s);
        expect(error(s, eigen)).toBeLessThan(1e-13);
        expect(eigen.values).toEqual(eigen.values.slice().sort());
        expect(eigen.values.filter((value) => value > 1e-12).length).toBeLessThanOrEqual(Math.min(n, rank));
      }),
    );
  });

  it("handles matrices that are diagonal, tridiagonal, zero or indefinite", () => {
    const n = 5;
    const of = (cell: (i: number, j: number) => number) =>
      matrix(
        n,
        n,
        Float64Array.from({ length: n * n }, (_, at) => cell(Math.floor(at / n), at % n)),
      );
    for (const s of [
      of((i, j) => (i === j ? 7 - i : 0)),
      of((i, j) => (Math.abs(i - j) === 1 ? -1 : i === j ? 2 : 0)),
      of(() => 0),
      of((i, j) => (i + j === n - 1 ? 1 : 0)),
      of(() => 3),
    ])
      expect(error(s, symmetricEigen(s))).toBeLessThan(1e-14);
    // 2 − 2·cos(kπ/6)
    const laplacian = symmetricEigen(of((i, j) => (Math.abs(i - j) === 1 ? -1 : i === j ? 2 : 0)));
    laplacian.values.forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / 6), 13);
    });
  });
});

describe("without WebAssembly", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it("the library finds the same eigenvalues", async () => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    const library = await import("../../../src/wasm/products/symmetric-eigen.ts");
    const s = symmetric(30, 40, 1);
    const [a, b] = [library.symmetricEigen(s), symmetricEigen(s)];
    expect(error(s, a)).toBeLessThan(1e-13);
    a.values.forEach((value, i) => {
      expect(value).toBeCloseTo(b.values[i], 12);
    });
  });
});
