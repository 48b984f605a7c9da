import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  calibrateOracle,
  classHeatmapScores,
  countHeatmap,
  emptyHeatmap,
  groundTruthHeatmaps,
  heatmapMeans,
  keptMargins,
  matrix,
  oracleAnswers,
  random,
  row,
} from "../src/index.ts";
import { fromRows } from "./golden/read.ts";

describe("oracleAnswers", () => {
  it("says the true class only where it scores strictly highest", () => {
    const scores = fromRows([
      [0.5, 0.2, 0.25],
      [0.5, 0.5, 0.25],
      [0.5, 0.125, 0.25],
    ]);
    const answers = oracleAnswers(scores, [0, 0, 2]);
    expect(Array.from(answers.classes)).toEqual([0, 1, 0]);
    expect(Array.from(answers.margins)).toEqual([0.25, 0, -0.25]);
  });

  it("has no margin for a class that cannot be scored", () => {
    const absent = Number.NEGATIVE_INFINITY;
    const answers = oracleAnswers(
      fromRows([
        [absent, 1],
        [absent, 1],
        [1, absent],
      ]),
      [0, 1, 0],
    );
    expect(Array.from(answers.margins)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  it("refuses NaN, one class and labels that are no class", () => {
    expect(() => oracleAnswers(fromRows([[1, Number.NaN]]), [0])).toThrow(/scores, input 0/);
    expect(() => oracleAnswers(matrix(1, 1), [0])).toThrow(/has 1 classes/);
    expect(() => oracleAnswers(matrix(1, 2), [2])).toThrow(/labels\[0\].*is 2/);
    expect(() => oracleAnswers(matrix(1, 2), [-1])).toThrow(/labels\[0\]/);
    expect(() => oracleAnswers(matrix(1, 2), [0, 1])).toThrow(/labels: has 2/);
  });
});

describe("calibrateOracle", () => {
  const answers = {
    classes: new Int32Array(10),
    margins: Float64Array.of(0.9, 0.8, -0.7, 0.6, 0.5, 0.4, -0.3, -0.2, -0.1, Number.NaN),
  };
  const rows = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

  it("finds the smallest margin with the wanted error", () => {
    const calibration = calibrateOracle(answers, rows, 0.2);
    expect(calibration.margin).toBe(0.4);
    expect(calibration.error.value).toBeCloseTo(1 / 6, 12);
    expect(calibration.coverage).toBeCloseTo(6 / 9, 12);
    expect(calibration.errorWithoutMargin.value).toBeCloseTo(4 / 9, 12);
    expect(calibrateOracle(answers, rows, 0).margin).toBe(0.8);
    expect(calibrateOracle(answers, rows, 0.5).margin).toBe(0.1);
  });

  it("is out of reach when even the surest answers are wrong too often", () => {
    const calibration = calibrateOracle(answers, [2, 6]);
    expect(calibration).toMatchObject({ margin: Number.POSITIVE_INFINITY, coverage: 0 });
    expect(calibration.error.value).toBeNaN();
  });

  it("keeps its promise, and no smaller margin of the data would", () => {
    const margins = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(margins, fc.double({ min: 0, max: 0.9, noNaN: true }), (values, wanted) => {
        const given = { classes: new Int32Array(values.length), margins: Float64Array.from(values) };
        const all = values.map((_, i) => i);
        const { margin, error } = calibrateOracle(given, all, wanted);
        const errorAt = (least: number) => {
          const kept = values.filter((value) => Math.abs(value) >= least);
          return kept.filter((value) => value <= 0).length / kept.length;
        };
        if (Number.isFinite(margin)) {
          expect(errorAt(margin)).toBeLessThanOrEqual(wanted + 1e-12);
          expect(error.value).toBeCloseTo(errorAt(margin), 12);
        }
        for (const value of values)
          if (Math.abs(value) < margin) expect(errorAt(Math.abs(value))).toBeGreaterThan(wanted - 1e-12);
      }),
    );
  });

  it("refuses an impossible share and inputs without a margin", () => {
    expect(() => calibrateOracle(answers, rows, 1)).toThrow(/wantedError/);
    expect(() => calibrateOracle(answers, [9])).toThrow(/rows: name no input/);
  });
});

describe("keptMargins", () => {
  const margins = Float64Array.from({ length: 44 }, (_, i) => (i - 2) / 100);
  const answers = { classes: new Int32Array(44), margins };
  const rows = Array.from({ length: 44 }, (_, i) => i);

  it("is the conformal quantile of each class, pooled where a class has too few, never negative", () => {
    // Class 0: 39 inputs from -0.02 on, the 2nd smallest of 40·0.05; class 1: 5 inputs, too few for 0.05.
    const labels = rows.map((i) => (i < 39 ? 0 : 1));
    expect(Array.from(keptMargins(answers, labels, rows, 3))).toEqual([0, 0, 0]);
    expect(Array.from(keptMargins(answers, labels, rows, 3, 0.25))).toEqual([0.07, 0.37, 0.08]);
  });

  it("is passed from below by at most the promised share of new inputs", () => {
    const uniform = random(12);
    let under = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const drawn = { classes: new Int32Array(40), margins: Float64Array.from({ length: 40 }, uniform) };
      const [margin] = keptMargins(drawn, new Uint8Array(40), rows.slice(0, 39), 1, 0.1);
      if (drawn.margins[39] < margin) under++;
    }
    expect(under / 2000).toBeLessThan(0.1 + 4 * Math.sqrt((0.1 * 0.9) / 2000));
  });

  it("ignores what cannot be scored, and refuses impossible shares", () => {
    const unknown = { classes: new Int32Array(2), margins: Float64Array.of(Number.NaN, 0.5) };
    expect(Array.from(keptMargins(unknown, [0, 0], [0, 1], 1, 0.6))).toEqual([0.5]);
    expect(Array.from(keptMargins(unknown, [0, 0], [], 1))).toEqual([0]);
    expect(() => keptMargins(unknown, [0, 0], [1], 1, 0)).toThrow(/share/);
    expect(() => keptMargins(unknown, [0, 1], [1], 1)).toThrow(/labels\[1\]/);
  });
});

describe("classHeatmapScores", () => {
  const uniform = random(2);
  const strengths = matrix(
    12,
    5,
    Float32Array.from({ length: 60 }, () => Math.round(uniform() * 6)),
  );
  const labels = Array.from({ length: 12 }, (_, i) => i % 3);
  const references = groundTruthHeatmaps(strengths, labels, 3);

  it("is the cosine of H(x) with the reference means", () => {
    const scores = classHeatmapScores(strengths, references, "cosine");
    for (let i = 0; i < 12; i++) {
      const own = heatmapMeans(countHeatmap(strengths, [i]));
      references.forEach((reference, k) => {
        const means = heatmapMeans(reference);
        const dot = own.reduce((sum, value, cell) => sum + value * means[cell], 0);
        expect(row(scores, i)[k]).toBeCloseTo(dot / Math.hypot(...own) / Math.hypot(...means), 6);
      });
    }
  });

  it("is the mean Bernoulli log-likelihood of the cells off the diagonal", () => {
    const scores = classHeatmapScores(strengths, references, "log-likelihood");
    for (let i = 0; i < 12; i++) {
      const own = countHeatmap(strengths, [i]).counts;
      references.forEach(({ counts, inputs }, k) => {
        let sum = 0;
        for (let cell = 0; cell < 25; cell++) {
          if (cell % 6 === 0) continue;
          const p = (counts[cell] + 1) / (inputs + 2);
          sum += Math.log(own[cell] ? p : 1 - p);
        }
        expect(row(scores, i)[k]).toBeCloseTo(sum / 20, 5);
      });
    }
  });

  it("cannot score a class without inputs, and survives all ties", () => {
    const ties = matrix(1, 5, new Float32Array(5).fill(0.5));
    const scores = classHeatmapScores(ties, [emptyHeatmap(5), countHeatmap(ties)], "cosine");
    expect(Array.from(scores.data)).toEqual([Number.NEGATIVE_INFINITY, 0]);
  });

  it("refuses references over other concepts, and NaN", () => {
    expect(() => classHeatmapScores(strengths, [emptyHeatmap(4)])).toThrow(/references\[0\]: has 4/);
    expect(() => classHeatmapScores(fromRows([[1, Number.NaN]]), [])).toThrow(/strengths, input 0/);
  });
});
