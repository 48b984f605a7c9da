import { describe, expect, it } from "vitest";
import { combinedScores, fitCombined, keepCombined, random } from "../src/index.ts";
import { fitLogisticRegressions, logOdds, softplus } from "../src/logistic-regression.ts";
import { golden } from "./golden/read.ts";

const expected = golden<{
  x: number[][];
  labels: number[];
  fits: { penalty: number; weights: number[]; intercept: number }[];
}>("combined");
const columns = expected.x.map((values) => Float64Array.from(values));
const positives = Uint8Array.from(expected.labels);
const rows = Uint32Array.from(positives.keys());

describe("fitLogisticRegressions", () => {
  it.each(expected.fits)("equals scikit-learn at penalty $penalty", ({ penalty, weights, intercept }) => {
    const [fit] = fitLogisticRegressions(columns, positives, rows, [penalty]);
    weights.forEach((weight, j) => {
      expect(fit.weights[j]).toBeCloseTo(weight, 6);
    });
    expect(fit.intercept).toBeCloseTo(intercept, 6);
    expect(logOdds(columns, fit).length).toBe(150);
  });

  it.each([[[1e-4, 1, 1e4]], [[1e4, 1, 1e-4]]])(
    "gives each of %j the answer that it has alone",
    (penalties) => {
      const together = fitLogisticRegressions(columns, positives, rows, penalties);
      for (const [k, penalty] of penalties.entries()) {
        const [alone] = fitLogisticRegressions(columns, positives, rows, [penalty]);
        expect(together[k].intercept).toBeCloseTo(alone.intercept, 7);
        for (const [j, weight] of alone.weights.entries())
          expect(together[k].weights[j]).toBeCloseTo(weight, 7);
      }
    },
  );

  it("has an answer for separable inputs", () => {
    const [fit] = fitLogisticRegressions(
      [Float64Array.of(-100, -99, 99, 100)],
      Uint8Array.of(0, 0, 1, 1),
      Uint32Array.of(0, 1, 2, 3),
      [1e-6],
    );
    expect(fit.weights[0]).toBeGreaterThan(0);
    expect(Number.isFinite(fit.weights[0])).toBe(true);
  });

  it("softplus does not overflow", () => {
    expect(softplus(1000)).toBe(1000);
    expect(softplus(-1000)).toBe(0);
    expect(softplus(0)).toBeCloseTo(Math.LN2, 14);
  });
});

/** Two detectors that each see half of a defect, and one that sees nothing. */
function world(inputs: number, seed: number) {
  const uniform = random(seed);
  const normal = () => uniform() + uniform() + uniform() - 1.5;
  const defects = Uint8Array.from({ length: inputs }, () => (uniform() < 0.3 ? 1 : 0));
  const detector = (signal: number) => Float64Array.from(defects, (defect) => signal * defect + normal());
  return { defects, scores: { first: detector(0.6), second: detector(0.6), noise: detector(0) } };
}

describe("combined", () => {
  const calibration = world(600, 1);
  const heldOut = world(600, 2);
  const model = fitCombined(calibration.scores, calibration.defects, { seed: 3 });

  it("beats its parts on held-out inputs where they see different things", () => {
    const scores = combinedScores(model, heldOut.scores);
    const decision = keepCombined(scores, heldOut.scores, heldOut.defects);
    expect(decision.kept).toBe(true);
    expect(["first", "second"]).toContain(decision.rival);
    expect(decision.comparison.difference.value).toBeGreaterThan(0.02);
    expect(Math.abs(model.crossValidatedAuroc - decision.comparison.first.value)).toBeLessThan(0.05);
    expect(Math.abs(model.weights[2])).toBeLessThan(Math.abs(model.weights[0]) / 3);
  });

  it("is not kept where one detector says it all", () => {
    const one = fitCombined({ first: calibration.scores.first }, calibration.defects, { seed: 3 });
    const decision = keepCombined(
      combinedScores(one, heldOut.scores),
      { first: heldOut.scores.first },
      heldOut.defects,
    );
    expect(decision).toMatchObject({ kept: false, rival: "first" });
  });

  it("is plain data, seeded, and scores a detector that never varied as nothing", () => {
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
    expect(fitCombined(calibration.scores, calibration.defects, { seed: 3 })).toEqual(model);
    const constant = { ...calibration.scores, noise: new Float64Array(600).fill(7) };
    const fit = fitCombined(constant, calibration.defects, { seed: 3, folds: 3, penalties: [1] });
    expect(fit.weights[2]).toBeCloseTo(0, 10);
    expect(fit.penalty).toBe(1);
  });

  it("works with two defects, and refuses what it cannot use", () => {
    const few = fitCombined({ a: [3, 4, 0, 1, 2] }, [true, true, false, false, false], { seed: 1 });
    expect(few.weights[0]).toBeGreaterThan(0);
    const fit =
      (scores: Record<string, number[]>, defects: number[], options = {}) =>
      () =>
        fitCombined(scores, defects, { seed: 1, ...options });
    expect(fit({}, [1, 1, 0, 0])).toThrow(/scores: is empty/);
    expect(fit({ a: [1, 2, 3] }, [1, 0, 0])).toThrow(/holds 1 defects/);
    expect(fit({ a: [1, 2, 3] }, [1, 1, 0, 0])).toThrow(/scores.a: has 3/);
    expect(fit({ a: [1, 2, 3, Infinity] }, [1, 1, 0, 0])).toThrow(/scores.a\[3\]: is Infinity/);
    expect(fit({ a: [1, 2, 3, 4] }, [1, 1, 0, 0], { folds: 1 })).toThrow(/folds/);
    expect(fit({ a: [1, 2, 3, 4] }, [1, 1, 0, 0], { penalties: [0] })).toThrow(/penalties/);
    expect(fit({ a: [1, 2, 3, 4] }, [1, 1, 0, 0], { penalties: [] })).toThrow(/penalties/);
    expect(() => combinedScores(model, { first: [1], second: [1] })).toThrow(/lacks the detector noise/);
    expect(() => combinedScores(model, {})).toThrow(/lacks the detector first/);
    expect(() => keepCombined([1, 2], {}, [0, 1])).toThrow(/rivals/);
  });
});
