import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseLambda } from "../../src/alignment/ridge-penalty.ts";
import { alignmentSpectrum } from "../../src/alignment/spectrum.ts";
import {
  AlignmentAccumulator,
  applyAlignment,
  decodeAlignment,
  encodeAlignment,
  fitAlignment,
  InvalidInputError,
  matrix,
  mergeAlignmentAccumulators,
  random,
  row,
  selectRows,
} from "../../src/index.ts";
import { fromRows, golden } from "../golden/read.ts";

interface Affine {
  weights: number[];
  bias: number[];
}
interface LeastSquares extends Affine {
  rank: number;
  conditionNumber: number;
}
const expected = golden<{
  x: number[][];
  y: number[][];
  grid: number[];
  ridge: ({ lambda: number } & Affine)[];
  leastSquares: LeastSquares;
  collinear: LeastSquares & { x: number[][] };
  wide: LeastSquares & { x: number[][]; y: number[][] };
  generalised: number[];
}>("alignment");
const x = fromRows(expected.x);
const y = fromRows(expected.y);

const gathered = (a: typeof x, b: typeof y) => new AlignmentAccumulator(a.columns, b.columns).add(a, b);
function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number) {
  expect(actual.length).toBe(wanted.length);
  const scale = Math.max(...Array.from(wanted, Math.abs));
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs(actual[i] - wanted[i])).toBeLessThanOrEqual(tolerance * scale);
}

describe("fitAlignment", () => {
  it.each(expected.ridge)("equals scikit-learn's Ridge at lambda $lambda", ({ lambda, weights, bias }) => {
    const fit = fitAlignment(gathered(x, y), { lambda });
    expectClose(fit.weights, weights, 1e-10);
    expectClose(fit.bias, bias, 1e-10);
    expect(fit).toMatchObject({ lambda, rank: 6, inputs: 40, inputWidth: 6, outputWidth: 4 });
    expect(fit.degreesOfFreedom).toBeGreaterThan(1);
    expect(fit.degreesOfFreedom).toBeLessThan(7);
  });

  it("equals numpy.linalg.lstsq without a penalty", () => {
    const fit = fitAlignment(gathered(x, y), { lambda: 0 });
    expectClose(fit.weights, expected.leastSquares.weights, 1e-9);
    expectClose(fit.bias, expected.leastSquares.bias, 1e-9);
    expect(fit.conditionNumber).toBeCloseTo(expected.leastSquares.conditionNumber, 6);
    expect(fit.degreesOfFreedom).toBeCloseTo(7, 10);
  });

  it("gives the minimum-norm solution for collinear inputs, and reports the rank", () => {
    const fit = fitAlignment(gathered(fromRows(expected.collinear.x), y), { lambda: 0 });
    expectClose(fit.weights, expected.collinear.weights, 1e-8);
    expect(fit.rank).toBe(3);
    expect(expected.collinear.rank).toBe(3);
    expect(fit.conditionNumber).toBe(Number.POSITIVE_INFINITY);
  });

  it("gives the minimum-norm solution for more dimensions than inputs", () => {
    const { wide } = expected;
    const fit = fitAlignment(gathered(fromRows(wide.x), fromRows(wide.y)), { lambda: 0 });
    expectClose(fit.weights, wide.weights, 1e-8);
    expectClose(fit.bias, wide.bias, 1e-8);
    expect(fit.rank).toBe(4);
    expect(wide.rank).toBe(4);
    // Choosing lambda works there too, and never picks an interpolating fit on the strength of rounding.
    expect(fitAlignment(gathered(fromRows(wide.x), fromRows(wide.y))).lambda).toBeGreaterThan(0);
  });

  it("maps everything to the mean when inputs do not vary", () => {
    const fit = fitAlignment(
      gathered(matrix(3, 2, Float32Array.of(1, 2, 1, 2, 1, 2)), fromRows([[1], [2], [6]])),
    );
    expect(fit.rank).toBe(0);
    expect(row(applyAlignment(fit, fromRows([[9, 9]])), 0)).toEqual(Float32Array.of(3));
  });

  it("finds lambda by generalised cross-validation", () => {
    const accumulator = gathered(x, y);
    const grid = Float64Array.from(expected.grid);
    const lambda = chooseLambda(accumulator, alignmentSpectrum(accumulator), grid);
    expect(lambda).toBe(expected.grid[expected.generalised.indexOf(Math.min(...expected.generalised))]);
    expect(fitAlignment(accumulator).lambda).toBeGreaterThan(0);
  });

  it("takes the largest of equally good penalties", () => {
    const constant = gathered(x, matrix(40, 1));
    expect(chooseLambda(constant, alignmentSpectrum(constant), Float64Array.of(1, 5, 2))).toBe(5);
  });
});

describe("AlignmentAccumulator", () => {
  it("gives the same fit from one batch and from shards of any size", () => {
    const whole = fitAlignment(gathered(x, y), { lambda: 1 });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 5 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), 40];
        const shards = edges.slice(1).map((end, k) => {
          const rows = Uint32Array.from({ length: end - edges[k] }, (_, i) => edges[k] + i);
          return gathered(selectRows(x, rows), selectRows(y, rows));
        });
        const merged = mergeAlignmentAccumulators(shards);
        expect(merged.inputs).toBe(40);
        expectClose(fitAlignment(merged, { lambda: 1 }).weights, whole.weights, 1e-9);
        // Shards that went over the wire give the same bits.
        const sent = shards.map((shard) => AlignmentAccumulator.decode(shard.encode()));
        expect(mergeAlignmentAccumulators(sent)).toEqual(merged);
      }),
      { numRuns: 30 },
    );
  });

  it("stays accurate when the mean is far larger than the spread", () => {
    const uniform = random(5);
    const far = matrix(
      500,
      2,
      Float32Array.from({ length: 1000 }, () => 4096 + Math.round(uniform() * 1024) / 1024),
    );
    const target = matrix(
      500,
      1,
      Float32Array.from({ length: 500 }, (_, i) => far.data[2 * i] - far.data[2 * i + 1]),
    );
    const accumulator = new AlignmentAccumulator(2, 1);
    for (let i = 0; i < 500; i += 7) {
      const rows = Uint32Array.from({ length: Math.min(7, 500 - i) }, (_, k) => i + k);
      accumulator.add(selectRows(far, rows), selectRows(target, rows));
    }
    const fit = fitAlignment(accumulator, { lambda: 0 });
    expectClose(fit.weights, [1, -1], 1e-10);
  });

  it("ignores empty batches and refuses what it cannot use, unchanged", () => {
    const accumulator = gathered(x, y);
    const before = accumulator.encode();
    accumulator.add(matrix(0, 6), matrix(0, 4));
    expect(() => accumulator.add(fromRows([[1, 2]]), fromRows([[1, 2, 3, 4]]))).toThrow(/x: has 2 columns/);
    expect(() => accumulator.add(x, matrix(40, 3))).toThrow(/y: has 3 columns/);
    expect(() => accumulator.add(x, matrix(39, 4))).toThrow(/y: has 39 rows/);
    const bad = selectRows(x, [0, 1]);
    bad.data[7] = Number.NaN;
    expect(() => accumulator.add(bad, selectRows(y, [0, 1]))).toThrow(/x, input 1: holds NaN/);
    expect(() => accumulator.merge(new AlignmentAccumulator(5, 4))).toThrow(InvalidInputError);
    expect(() => accumulator.merge(new AlignmentAccumulator(6, 5))).toThrow(InvalidInputError);
    expect(accumulator.encode()).toEqual(before);
  });

  it("refuses impossible sizes, options and bytes", () => {
    expect(() => new AlignmentAccumulator(0, 3)).toThrow(/inputWidth/);
    expect(() => new AlignmentAccumulator(3, 1.5)).toThrow(/outputWidth/);
    expect(() => mergeAlignmentAccumulators([])).toThrow(/shards/);
    expect(() => fitAlignment(new AlignmentAccumulator(2, 2))).toThrow(/seen 0 inputs/);
    const accumulator = gathered(x, y);
    for (const lambda of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => fitAlignment(accumulator, { lambda })).toThrow(`lambda: is ${lambda}`);
    expect(() => AlignmentAccumulator.decode(encodeAlignment(fitAlignment(accumulator)))).toThrow(
      /not a "faultline.alignment-accumulator.1" record/,
    );
  });
});

describe("applyAlignment", () => {
  const fit = fitAlignment(gathered(x, y), { lambda: 1 });

  it("gives a row the same bits alone and in a batch", () => {
    const uniform = random(9);
    const many = matrix(
      64,
      6,
      Float32Array.from({ length: 64 * 6 }, () => uniform()),
    );
    const wideOutput = fitAlignment(
      gathered(
        x,
        matrix(
          40,
          90,
          Float32Array.from({ length: 3600 }, () => uniform()),
        ),
      ),
    );
    const batch = applyAlignment(wideOutput, many);
    for (let i = 0; i < 64; i++)
      expect(applyAlignment(wideOutput, selectRows(many, [i])).data).toEqual(row(batch, i));
  });

  it("survives encoding to the bit", () => {
    const again = decodeAlignment(encodeAlignment(fit));
    expect(again).toEqual(fit);
    expect(applyAlignment(again, x)).toEqual(applyAlignment(fit, x));
  });

  it("refuses another width", () => {
    expect(() => applyAlignment(fit, matrix(1, 5))).toThrow(/x: has 5 columns where 6/);
  });
});
