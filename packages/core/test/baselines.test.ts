import { describe, expect, it } from "vitest";
import {
  energyScores,
  entropyScores,
  fitMahalanobis,
  fitNearestNeighbours,
  genScores,
  mahalanobisScores,
  matrix,
  mspScores,
  nearestNeighboursScores,
  selectRows,
  vlmDisagreementScores,
} from "../src/index.ts";
import { fromRows, golden } from "./golden/read.ts";

const expected = golden<{
  logits: number[][];
  msp: number[];
  entropy: number[];
  gen: number[];
  genTop3: number[];
  energy: number[];
  energyT2: number[];
  train: number[][];
  labels: number[];
  test: number[][];
  shrinkage: number;
  mahalanobis: number[];
  nearestNeighbours5: number[];
}>("baselines");
const logits = fromRows(expected.logits);
const train = fromRows(expected.train);
const test = fromRows(expected.test);

function expectClose(actual: Float64Array, wanted: number[]) {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i] - value)).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)));
  });
}

describe("baselines on logits equal SciPy", () => {
  it("MSP", () => expectClose(mspScores(logits), expected.msp));
  it("entropy", () => expectClose(entropyScores(logits), expected.entropy));
  it("GEN", () => expectClose(genScores(logits), expected.gen));
  it("GEN of the 3 largest", () => expectClose(genScores(logits, { gamma: 0.3, top: 3 }), expected.genTop3));
  it("energy", () => expectClose(energyScores(logits), expected.energy));
  it("energy at temperature 2", () => expectClose(energyScores(logits, 2), expected.energyT2));

  it("without overflow, and with a probability of 0", () => {
    const extreme = fromRows([[3e38, -3e38, 0]]);
    expect(mspScores(extreme)).toEqual(Float64Array.of(0));
    expect(entropyScores(extreme)).toEqual(Float64Array.of(0));
    expect(genScores(extreme)).toEqual(Float64Array.of(0));
    expect(energyScores(extreme)[0]).toBe(-Math.fround(3e38));
  });

  it("refuse NaN, one class and impossible options", () => {
    expect(() =>
      mspScores(
        fromRows([
          [1, 2],
          [Number.NaN, 1],
        ]),
      ),
    ).toThrow(/logits, input 1/);
    expect(() => entropyScores(matrix(2, 1))).toThrow(/logits: has 1 columns/);
    expect(() => genScores(logits, { gamma: 1 })).toThrow(/gamma/);
    expect(() => genScores(logits, { top: 0 })).toThrow(/top/);
    expect(() => energyScores(logits, 0)).toThrow(/temperature/);
  });
});

describe("Mahalanobis", () => {
  it("equals scikit-learn's Ledoit-Wolf and NumPy's distances", () => {
    const model = fitMahalanobis(train, expected.labels, 4);
    expect(model.shrinkage).toBeCloseTo(expected.shrinkage, 10);
    expectClose(mahalanobisScores(model, test), expected.mahalanobis);
  });

  it("leaves classes without inputs out, and bears collinear embeddings", () => {
    const twice = matrix(60, 16);
    for (let i = 0; i < 60; i++) {
      twice.data.set(train.data.subarray(i * 8, i * 8 + 8), i * 16);
      twice.data.set(train.data.subarray(i * 8, i * 8 + 8), i * 16 + 8);
    }
    const model = fitMahalanobis(twice, expected.labels, 9);
    expect(model.classes).toEqual([0, 1, 2, 3]);
    const scores = mahalanobisScores(model, twice);
    expect(scores.every((score) => Number.isFinite(score) && score >= 0)).toBe(true);
    // Rank one, exactly isotropic in its width: no shrinkage is possible, and none is needed.
    const line = fitMahalanobis(fromRows([[1], [3], [2]]), [0, 0, 0], 1);
    expect(line.shrinkage).toBe(0);
    expect(mahalanobisScores(line, fromRows([[4]]))[0]).toBeCloseTo(6, 10);
  });

  it("refuses too little, no variation and wrong labels", () => {
    expect(() => fitMahalanobis(matrix(1, 2), [0], 1)).toThrow(/has 1 inputs/);
    expect(() => fitMahalanobis(matrix(3, 2), [0, 0, 0], 1)).toThrow(/do not vary/);
    expect(() => fitMahalanobis(train, expected.labels, 3)).toThrow(/labels\[3\]/);
    expect(() => fitMahalanobis(train, [0], 3)).toThrow(/labels: has 1/);
    const model = fitMahalanobis(train, expected.labels, 4);
    expect(() => mahalanobisScores(model, matrix(1, 7))).toThrow(/embeddings: has 7/);
  });
});

describe("k-NN", () => {
  it("equals scikit-learn's neighbours", () =>
    expectClose(nearestNeighboursScores(fitNearestNeighbours(train, 5), test), expected.nearestNeighbours5));

  it("takes the farthest neighbour when there are fewer than k", () => {
    const model = fitNearestNeighbours(selectRows(train, [0, 1]));
    expect(model.k).toBe(2);
    expect(nearestNeighboursScores(model, selectRows(train, [0]))[0]).toBeGreaterThan(0);
    const own = nearestNeighboursScores(fitNearestNeighbours(train, 1), train);
    expect(Math.max(...own)).toBeLessThan(1e-7);
  });

  it("refuses no inputs, zero vectors and impossible k", () => {
    expect(() => fitNearestNeighbours(train, 0)).toThrow(/k: is 0/);
    expect(() => fitNearestNeighbours(matrix(0, 3))).toThrow(/embeddings: is empty/);
    expect(() => fitNearestNeighbours(matrix(1, 3))).toThrow(/input 0: is the zero vector/);
    expect(() => nearestNeighboursScores(fitNearestNeighbours(train), matrix(1, 3))).toThrow(/has 3/);
  });
});

describe("VLM disagreement", () => {
  const strengths = fromRows([
    [0.3, 0.1, 0.2],
    [0.3, 0.1, 0.2],
    [0.2, 0.2, 0.1],
  ]);

  it("is the margin of the best other class over the predicted class", () => {
    const scores = vlmDisagreementScores(strengths, [0, 2, 1]);
    expect(scores[0]).toBeCloseTo(-0.1, 6);
    expect(scores[1]).toBeCloseTo(0.1, 6);
    expect(scores[2]).toBe(0);
  });

  it("refuses wrong predictions and shapes", () => {
    expect(() => vlmDisagreementScores(strengths, [0, 3, 0])).toThrow(/predictions\[1\]/);
    expect(() => vlmDisagreementScores(strengths, [0])).toThrow(/predictions: has 1/);
    expect(() => vlmDisagreementScores(matrix(1, 1), [0])).toThrow(/has 1 classes/);
  });
});
