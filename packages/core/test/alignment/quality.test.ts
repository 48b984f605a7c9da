import { describe, expect, it } from "vitest";
import {
  AlignmentAccumulator,
  AlignmentQualityAccumulator,
  alignmentQuality,
  applyAlignment,
  fitAlignment,
  matrix,
  selectRows,
} from "../../src/index.ts";
import { fromRows, golden } from "../golden/read.ts";

const expected = golden<{
  x: number[][];
  y: number[][];
  xTest: number[][];
  yTest: number[][];
  quality: {
    lambda: number;
    r2: number;
    r2PerDimension: number[];
    meanCosine: number;
    meanCentredCosine: number;
  };
}>("alignment");
const x = fromRows(expected.x);
const y = fromRows(expected.y);
const xTest = fromRows(expected.xTest);
const yTest = fromRows(expected.yTest);
const accumulator = new AlignmentAccumulator(6, 4).add(x, y);
const fit = fitAlignment(accumulator, { lambda: expected.quality.lambda });

describe("alignmentQuality", () => {
  it("equals scikit-learn and NumPy", () => {
    const quality = alignmentQuality(fit, xTest, yTest, accumulator.outputMean);
    expect(quality.inputs).toBe(12);
    expect(quality.r2).toBeCloseTo(expected.quality.r2, 5);
    for (const [j, r2] of expected.quality.r2PerDimension.entries())
      expect(Math.abs(quality.r2PerDimension[j] / r2 - 1)).toBeLessThan(1e-5);
    expect(quality.meanCosine).toBeCloseTo(expected.quality.meanCosine, 6);
    expect(quality.meanCentredCosine).toBeCloseTo(expected.quality.meanCentredCosine, 6);
  });

  it("is the same over shards, sent as bytes or not", () => {
    const aligned = applyAlignment(fit, xTest);
    const shard = (rows: number[]) =>
      new AlignmentQualityAccumulator(accumulator.outputMean).add(
        selectRows(aligned, rows),
        selectRows(yTest, rows),
      );
    const whole = alignmentQuality(fit, xTest, yTest, accumulator.outputMean);
    const merged = shard([0, 1, 2])
      .merge(new AlignmentQualityAccumulator(accumulator.outputMean))
      .merge(AlignmentQualityAccumulator.decode(shard([3, 4, 5, 6, 7, 8, 9, 10, 11]).encode()))
      .quality();
    expect(merged.inputs).toBe(12);
    expect(merged.r2).toBeCloseTo(whole.r2, 10);
    expect(merged.meanCosine).toBeCloseTo(whole.meanCosine, 12);
    expect(merged.meanCentredCosine).toBeCloseTo(whole.meanCentredCosine, 12);
    merged.r2PerDimension.forEach((r2, j) => {
      expect(r2).toBeCloseTo(whole.r2PerDimension[j], 8);
    });
  });

  it("is perfect for the targets themselves, and centres on their mean by default", () => {
    const own = new AlignmentQualityAccumulator([0, 0, 0, 0]).add(yTest, yTest).quality();
    expect(own.r2).toBe(1);
    expect(own.meanCosine).toBeCloseTo(1, 12);
    const centre = Array.from({ length: 4 }, (_, j) =>
      expected.yTest.reduce((sum, values) => sum + Math.fround(values[j]) / 12, 0),
    );
    expect(alignmentQuality(fit, xTest, yTest)).toEqual(alignmentQuality(fit, xTest, yTest, centre));
  });

  it("says NaN where the target is constant and 0 for a zero vector", () => {
    const quality = new AlignmentQualityAccumulator([0, 0])
      .add(
        fromRows([
          [1, 2],
          [0, 0],
        ]),
        fromRows([
          [1, 1],
          [1, 1],
        ]),
      )
      .quality();
    expect(quality.r2).toBeNaN();
    expect(quality.r2PerDimension[0]).toBeNaN();
    expect(quality.meanCosine).toBeCloseTo(3 / Math.sqrt(10) / 2, 12);
  });

  it("refuses no inputs, other widths and another centre", () => {
    const empty = new AlignmentQualityAccumulator([0, 0]);
    expect(() => empty.quality()).toThrow(/none were added/);
    expect(() => empty.add(matrix(1, 3), matrix(1, 2))).toThrow(/aligned: has 3/);
    expect(() => empty.add(matrix(1, 2), matrix(1, 3))).toThrow(/y: has 3/);
    expect(() => empty.add(matrix(2, 2), matrix(1, 2))).toThrow(/y: has 1 rows/);
    expect(() => empty.merge(new AlignmentQualityAccumulator([0, 1]))).toThrow(/same centre/);
    expect(() => empty.merge(new AlignmentQualityAccumulator([0]))).toThrow(/outputWidth/);
  });
});
