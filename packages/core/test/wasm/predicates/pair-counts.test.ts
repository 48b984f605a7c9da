import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Matrix, matrix, random } from "../../../src/index.ts";
import { addJointPairCounts, addPairCounts } from "../../../src/wasm/predicates/pair-counts.ts";
import {
  addJointPairCountsReference,
  addPairCountsReference,
} from "../../../src/wasm/predicates/pair-counts-reference.ts";

/** @param levels how many distinct values; 0: as many as float32 has */
function randomStrengths(inputs: number, concepts: number, levels: number, seed: number): Matrix {
  const uniform = random(seed);
  const strengths = matrix(inputs, concepts);
  for (let k = 0; k < strengths.data.length; k++)
    strengths.data[k] = levels === 0 ? uniform() - 0.5 : Math.round((uniform() - 0.5) * levels);
  return strengths;
}

function expectSameCounts(first: Matrix, second: Matrix, rows: ArrayLike<number>): void {
  const cells = first.columns ** 2;
  // Counts are added to what is there.
  const actual = new Uint32Array(cells).fill(3);
  const expected = new Uint32Array(cells).fill(3);
  addPairCounts(first, rows, actual);
  addPairCountsReference(first, rows, expected);
  expect(Buffer.compare(Buffer.from(actual.buffer), Buffer.from(expected.buffer))).toBe(0);
  addJointPairCounts(first, second, rows, actual);
  addJointPairCountsReference(first, second, rows, expected);
  expect(Buffer.compare(Buffer.from(actual.buffer), Buffer.from(expected.buffer))).toBe(0);
}

const everyRow = (inputs: number) => Array.from({ length: inputs }, (_, k) => k);

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("the pair-counting kernel", () => {
  // 2: smallest; 256 and 257: one and two bytes a rank; 1,030: more than a block of inputs; 18: not a multiple of 4.
  it.each([
    [9000, 2, 0],
    [9000, 18, 5],
    [5000, 33, 0],
    [1500, 129, 300],
    [600, 255, 0],
    [600, 256, 0],
    [600, 256, 3],
    [300, 257, 0],
    [77, 1030, 7],
  ])("counts %d inputs of %d concepts (%d levels) like the plain loops", (inputs, concepts, levels) => {
    const first = randomStrengths(inputs, concepts, levels, 1);
    expectSameCounts(first, randomStrengths(inputs, concepts, levels, 2), everyRow(inputs));
  });

  it("counts 4,096 concepts", () => {
    const strengths = randomStrengths(3, 4096, 0, 1);
    const actual = new Uint32Array(4096 ** 2);
    const expected = new Uint32Array(4096 ** 2);
    addPairCounts(strengths, [2, 0, 1], actual);
    addPairCountsReference(strengths, [2, 0, 1], expected);
    expect(Buffer.compare(Buffer.from(actual.buffer), Buffer.from(expected.buffer))).toBe(0);
  });

  it("orders all of float32: signed zeros, infinities, subnormals, neighbours", () => {
    const value = fc.oneof(
      fc.constantFrom(0, -0, 1e-45, -1e-45, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1),
      fc.constantFrom(1 + 2 ** -23, 1 - 2 ** -24, -1 - 2 ** -23, 3.4028234663852886e38),
      fc.float({ noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 8 * 80, maxLength: 8 * 80 }), (values) => {
        const strengths = matrix(8, 80, Float32Array.from(values));
        expectSameCounts(strengths, matrix(8, 80, Float32Array.from(values.toReversed())), everyRow(8));
      }),
      { numRuns: 50 },
    );
  });

  it("takes rows in any order, repeated or left out", () => {
    const strengths = randomStrengths(400, 40, 20, 3);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 399 }), { minLength: 21, maxLength: 900 }), (rows) => {
        expectSameCounts(strengths, randomStrengths(400, 40, 20, 4), rows);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves nothing behind from one call to the next, larger or smaller", () => {
    for (const [inputs, concepts] of [
      [5000, 60],
      [40, 300],
      [700, 60],
      [1, 2100],
      [900, 7],
    ]) {
      const strengths = randomStrengths(inputs, concepts, 9, inputs);
      expectSameCounts(strengths, strengths, everyRow(inputs));
    }
  });

  it("is not kept when it has grown large", () => {
    // 2,100 concepts: two sets of counts of 17 MB each, and more than 64 MB with 3,000.
    const strengths = randomStrengths(2, 3000, 0, 5);
    expectSameCounts(strengths, strengths, [0, 1]);
    expectSameCounts(randomStrengths(60, 30, 4, 6), randomStrengths(60, 30, 4, 7), everyRow(60));
  });

  it("falls back to the plain loops where WebAssembly is missing", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    vi.resetModules();
    const { predicatesKernel } = await import("../../../src/wasm/predicates/kernel.ts");
    expect(predicatesKernel()).toBeUndefined();
    expect(predicatesKernel()).toBeUndefined();
    const fresh = await import("../../../src/wasm/predicates/pair-counts.ts");
    const strengths = randomStrengths(100, 40, 0, 8);
    const expected = new Uint32Array(1600);
    addPairCountsReference(strengths, everyRow(100), expected);
    const actual = new Uint32Array(1600);
    fresh.addPairCounts(strengths, everyRow(100), actual);
    expect(actual).toEqual(expected);
    fresh.addJointPairCounts(strengths, strengths, everyRow(100), actual);
    expect(actual).toEqual(expected.map((count) => 2 * count));
  });
});
