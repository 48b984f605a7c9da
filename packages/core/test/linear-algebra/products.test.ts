import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  addCrossProduct,
  crossProduct,
  largestRowProducts,
  rowProducts,
  type Values,
} from "../../src/linear-algebra/products.ts";
import {
  addCrossProductReference,
  largestRowProductsReference,
  rowProductsReference,
} from "../../src/linear-algebra/products-reference.ts";
import { random } from "../../src/random.ts";

function crossProductReference(n: number, a: Values, p: number, b: Values, q: number): Float64Array {
  const sums = new Float64Array(p * q);
  addCrossProductReference(sums, n, a, p, b, q);
  return sums;
}

function values(count: number, seed: number): Float32Array {
  const uniform = random(seed);
  return Float32Array.from({ length: count }, () => (uniform() - 0.5) * 10 ** (6 * uniform() - 3));
}

describe("dense products", () => {
  it("give the bits of the plain loops, whatever the shape", () => {
    const size = fc.integer({ min: 1, max: 70 });
    const seed = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 300 }), seed, (p, q, n, s) => {
        const a = values(n * p, s);
        const b = values(n * q, s + 1);
        const c = values(q * p, s + 2);
        expect(crossProduct(n, a, p, b, q)).toEqual(crossProductReference(n, a, p, b, q));
        expect(crossProduct(n, a, p, a, p)).toEqual(crossProductReference(n, a, p, a, p));
        expect(rowProducts(p, a, n, c, q)).toEqual(rowProductsReference(p, a, n, c, q));
      }),
      { numRuns: 40 },
    );
  });

  it("take float64 as well as float32, and large then small shapes in one memory", () => {
    const a = Float64Array.from(values(600 * 90, 1), (value) => value / 3);
    const b = Float64Array.from(values(600 * 90, 2), (value) => value / 7);
    expect(crossProduct(600, a, 90, b, 90)).toEqual(crossProductReference(600, a, 90, b, 90));
    expect(rowProducts(90, a, 600, b, 600)).toEqual(rowProductsReference(90, a, 600, b, 600));
    expect(crossProduct(200, a, 11, b, 13)).toEqual(crossProductReference(200, a, 11, b, 13));
  });

  it("give the largest of each row, with ties, of negative products and in several batches", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 400 }), size, fc.nat(1e9), fc.nat(), (k, n, c, s, r) => {
        const rank = 1 + (r % c);
        const a = values(n * k, s).map(Math.round);
        const b = values(c * k, s + 1).map((value) => (s % 2 ? value : Math.round(value)));
        const expected = largestRowProductsReference(k, a, n, b, c, rank);
        expect(largestRowProducts(k, a, n, b, c, rank)).toEqual(expected);
        const falling = rowProductsReference(k, a, n, b, c).slice(0, c).sort().reverse();
        expect(expected[0]).toBe(falling[rank - 1]);
      }),
    );
    const [many, few] = [values(3 * 8_000, 4), values(3 * 100, 5)];
    expect(largestRowProducts(3, few, 100, many, 8_000, 50)).toEqual(
      largestRowProductsReference(3, few, 100, many, 8_000, 50),
    );
  });

  it("add to what is there", () => {
    const a = values(300 * 40, 1);
    const b = values(300 * 40, 2);
    const target = Float64Array.from(values(1600, 3));
    const expected = target.slice();
    addCrossProduct(target, 300, a, 40, b, 40);
    addCrossProductReference(expected, 300, a, 40, b, 40);
    expect(target).toEqual(expected);
  });

  it("the committed kernel is what its source compiles to", () => {
    const folder = mkdtempSync(join(tmpdir(), "linear-algebra-"));
    try {
      const built = join(folder, "built.ts");
      const script = new URL("../../kernel/build-linear-algebra.mjs", import.meta.url);
      execFileSync(process.execPath, [fileURLToPath(script), built]);
      const committed = new URL("../../src/linear-algebra/linear-algebra-wasm.ts", import.meta.url);
      expect(readFileSync(built, "utf8")).toBe(readFileSync(committed, "utf8"));
    } finally {
      rmSync(folder, { recursive: true });
    }
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
    const plain = await import("../../src/linear-algebra/products.ts");
    const a = values(300 * 40, 5);
    const b = values(300 * 40, 6);
    expect(plain.crossProduct(300, a, 40, b, 40)).toEqual(crossProduct(300, a, 40, b, 40));
    expect(plain.rowProducts(40, a, 300, b, 300)).toEqual(rowProductsReference(40, a, 300, b, 300));
  });
});
