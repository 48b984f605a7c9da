import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Floats, type Matrix, matrix } from "../../../src/matrix.ts";
import { random } from "../../../src/random.ts";
import {
  addCrossProduct,
  crossProduct,
  largestRowProducts,
  rowProducts,
} from "../../../src/wasm/products/products.ts";
import {
  addCrossProductReference,
  largestRowProductsReference,
  rowProductsReference,
} from "../../../src/wasm/products/products-reference.ts";

function crossProductReference(a: Matrix<Floats>, b: Matrix<Floats>): Matrix<Float64Array> {
  const sums = matrix(a.columns, b.columns, new Float64Array(a.columns * b.columns));
  addCrossProductReference(sums.data, a, b);
  return sums;
}

function values(rows: number, columns: number, seed: number): Matrix {
  const uniform = random(seed);
  const draw = () => (uniform() - 0.5) * 10 ** (6 * uniform() - 3);
  return matrix(rows, columns, Float32Array.from({ length: rows * columns }, draw));
}

function rounded({ rows, columns, data }: Matrix): Matrix {
  return matrix(rows, columns, data.map(Math.round));
}

/** The same with float64 that float32 does not hold. */
function divided({ rows, columns, data }: Matrix, by: number): Matrix<Float64Array> {
  return matrix(
    rows,
    columns,
    Float64Array.from(data, (value) => value / by),
  );
}

describe("dense products", () => {
  it("give the bits of the plain loops, whatever the shape", () => {
    const size = fc.integer({ min: 1, max: 70 });
    const seed = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 300 }), seed, (p, q, n, s) => {
        const a = values(n, p, s);
        const b = values(n, q, s + 1);
        const c = values(q, p, s + 2);
        expect(crossProduct(a, b)).toEqual(crossProductReference(a, b));
        expect(crossProduct(a, a)).toEqual(crossProductReference(a, a));
        expect(rowProducts(a, c)).toEqual(rowProductsReference(a, c));
      }),
      { numRuns: 40 },
    );
  });

  it("take float64 as well as float32, and large then small shapes in one memory", () => {
    const a = divided(values(600, 90, 1), 3);
    const b = divided(values(600, 90, 2), 7);
    expect(crossProduct(a, b)).toEqual(crossProductReference(a, b));
    expect(rowProducts(a, b)).toEqual(rowProductsReference(a, b));
    const small = [values(200, 11, 1), values(200, 13, 2)] as const;
    expect(crossProduct(...small)).toEqual(crossProductReference(...small));
  });

  it("give the largest of each row, with ties, of negative products and in several batches", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 400 }), size, fc.nat(1e9), fc.nat(), (k, n, c, s, r) => {
        const rank = 1 + (r % c);
        const a = rounded(values(n, k, s));
        const b = s % 2 ? values(c, k, s + 1) : rounded(values(c, k, s + 1));
        const expected = largestRowProductsReference(a, b, rank);
        expect(largestRowProducts(a, b, rank)).toEqual(expected);
        const falling = rowProductsReference(a, b).data.slice(0, c).sort().reverse();
        expect(expected[0]).toBe(falling[rank - 1]);
      }),
    );
    const [many, few] = [values(8_000, 3, 4), values(100, 3, 5)];
    expect(largestRowProducts(few, many, 50)).toEqual(largestRowProductsReference(few, many, 50));
  });

  it("add to what is there", () => {
    const a = values(300, 40, 1);
    const b = values(300, 40, 2);
    const target = Float64Array.from(values(40, 40, 3).data);
    const expected = target.slice();
    addCrossProduct(target, a, b);
    addCrossProductReference(expected, a, b);
    expect(target).toEqual(expected);
  });
});

describe("without WebAssembly", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it("the plain loops answer", async () => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    const plain = await import("../../../src/wasm/products/products.ts");
    const a = values(300, 40, 5);
    const b = values(300, 40, 6);
    expect(plain.crossProduct(a, b)).toEqual(crossProduct(a, b));
    expect(plain.rowProducts(a, b)).toEqual(rowProductsReference(a, b));
  });
});
