import { describe, expect, it } from "vitest";
import {
  calibrateDetector,
  conformalMinimum,
  conformalThreshold,
  InvalidInputError,
  matrix,
  permutation,
  random,
  SIMILARITIES,
  selectRows,
} from "../../src/index.ts";

describe("conformalThreshold", () => {
  it("is the ⌈(n + 1)(1 − alpha)⌉-th smallest score", () => {
    const scores = Array.from({ length: 19 }, (_, k) => 19 - k);
    expect(conformalThreshold(scores, 0.05)).toBe(19);
    expect(conformalThreshold(scores, 0.1)).toBe(18);
    expect(conformalThreshold(scores, 0.5)).toBe(10);
    expect(conformalThreshold(scores.slice(1), 0.05)).toBe(Number.POSITIVE_INFINITY);
    expect(conformalThreshold([], 0.5)).toBe(Number.POSITIVE_INFINITY);
    expect(conformalThreshold([7], 0.5)).toBe(7);
    // 0.29 · 100 is 28.999999999999996 in binary.
    expect(
      conformalThreshold(
        Array.from({ length: 99 }, (_, k) => k + 1),
        0.29,
      ),
    ).toBe(71);
  });

  it("sorts numbers as numbers", () => {
    expect(conformalThreshold([10, 9, -1, 2], 0.2)).toBe(10);
    expect(conformalThreshold([10, 9, -1, 2], 0.6)).toBe(2);
  });

  it("says how many inputs it needs", () => {
    for (const alpha of [0.001, 0.01, 0.03, 0.05, 0.07, 0.1, 0.29, 0.5, 0.9]) {
      const needed = conformalMinimum(alpha);
      expect(conformalThreshold(new Float64Array(needed), alpha)).toBe(0);
      expect(conformalThreshold(new Float64Array(needed - 1), alpha)).toBe(Number.POSITIVE_INFINITY);
    }
    expect(conformalMinimum(0.05)).toBe(19);
    expect(conformalMinimum(0.01)).toBe(99);
    expect(conformalMinimum(0.9)).toBe(1);
  });

  it.each([0, 1, -0.1, Number.NaN])("refuses alpha %d", (alpha) => {
    expect(() => conformalThreshold([1], alpha)).toThrow(InvalidInputError);
    expect(() => conformalMinimum(alpha)).toThrow(InvalidInputError);
  });
});

/** A population of 3,000 inputs of 3 classes and 12 concepts; a class's own concepts are stronger. */
function population() {
  const uniform = random(77);
  const inputs = 3_000;
  const strengths = matrix(inputs, 12);
  const labels = new Uint8Array(inputs);
  const predictions = new Uint8Array(inputs);
  for (let row = 0; row < inputs; row++) {
    const draw = uniform();
    labels[row] = draw < 0.6 ? 0 : draw < 0.9 ? 1 : 2;
    predictions[row] = uniform() < 0.15 ? Math.floor(uniform() * 3) : labels[row];
    for (let c = 0; c < 12; c++) strengths.data[row * 12 + c] = uniform() + (c % 3 === labels[row] ? 0.4 : 0);
  }
  return { strengths, labels, predictions };
}

describe("the conformal guarantee over 200 random splits", () => {
  const { strengths, labels, predictions } = population();
  const concepts = Array.from({ length: 12 }, (_, c) => `c${c}`);
  const classes = ["a", "b", "c"];
  const pick = (values: Uint8Array, rows: ArrayLike<number>) => Array.from(rows, (row) => values[row]);

  it.each(
    [0.01, 0.05, 0.1].flatMap((alpha) => (["pooled", "class"] as const).map((scope) => ({ alpha, scope }))),
  )("keeps false alarms at most $alpha ($scope)", ({ alpha, scope }) => {
    const splits = 200;
    const rates: number[] = [];
    const byClass: number[][] = [[], [], []];
    let leastHeldOut = Number.POSITIVE_INFINITY;
    for (let split = 0; split < splits; split++) {
      const order = permutation(strengths.rows, random(1_000 + split));
      const rows = order.subarray(0, 900);
      const detector = calibrateDetector(
        {
          strengths: selectRows(strengths, rows),
          labels: pick(labels, rows),
          predictions: pick(predictions, rows),
          concepts,
          classes,
        },
        { rule: { kind: "conformal", alpha, scope }, seed: split, similarity: SIMILARITIES[split % 4] },
      );
      leastHeldOut = Math.min(leastHeldOut, detector.model.references[0].thresholdInputs);
      const fresh = Array.from(order.subarray(900)).filter((row) => labels[row] === predictions[row]);
      const scores = detector.scores(selectRows(strengths, fresh), pick(predictions, fresh));
      const alarms = classes.map(() => 0);
      const totals = classes.map(() => 0);
      fresh.forEach((row, k) => {
        totals[predictions[row]]++;
        if (scores[k] > detector.model.references[predictions[row]].threshold) alarms[predictions[row]]++;
      });
      rates.push(alarms.reduce((a, b) => a + b) / fresh.length);
      if (scope === "class") for (const k of [0, 1]) byClass[k].push(alarms[k] / totals[k]);
    }
    const check = (values: readonly number[], lowest: number) => {
      const mean = values.reduce((a, b) => a + b) / splits;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (splits - 1);
      const slack = 3.5 * Math.sqrt(variance / splits);
      expect(mean).toBeLessThanOrEqual(alpha + slack);
      expect(mean).toBeGreaterThanOrEqual(lowest - slack);
    };
    if (scope === "pooled") check(rates, alpha - 1 / (leastHeldOut + 1) - 0.01);
    else {
      check(rates, 0);
      // Each large class on its own; nearly no false alarms would be as wrong as too many.
      check(byClass[0], alpha - 1 / (leastHeldOut + 1) - 0.01);
      check(byClass[1], 0);
    }
  });
});
