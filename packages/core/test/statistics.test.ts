import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  benjaminiHochberg,
  criticalValue,
  EXACT_DISCORDANT_PAIRS,
  erfc,
  fisherExactTest,
  InvalidInputError,
  mcNemarTest,
  normalCdf,
  normalQuantile,
  normalSurvival,
  oddsRatio,
  pairedRiskDifference,
  riskDifference,
  twoProportionTest,
  wilsonInterval,
} from "../src/index.ts";
import { logBinomial, logFactorial } from "../src/statistics/log-binomial.ts";
import { golden } from "./golden/read.ts";

type Row = readonly number[];
interface TwoProportions {
  readonly counts: readonly [number, number, number, number];
  readonly z: number;
  readonly p: number;
  readonly newcombe: Row;
  readonly fisher: number;
  readonly odds: Row;
}
const expected = golden<{
  readonly erfc: readonly Row[];
  readonly normal: readonly Row[];
  readonly quantile: readonly Row[];
  readonly wilson: readonly Row[];
  readonly two: readonly TwoProportions[];
  readonly mcnemar: readonly Row[];
  readonly paired: readonly Row[];
  readonly bh: { readonly p: Row; readonly q: Row };
  readonly log_binomial: readonly Row[];
}>("statistics");

/** Relative, or absolute where the value is 0. */
function expectNear(actual: number, wanted: number, tolerance: number, what: string): void {
  const error = Math.abs(actual - wanted) / (Math.abs(wanted) || 1);
  expect(error, `${what}: ${actual} for ${wanted}`).toBeLessThanOrEqual(tolerance);
}

/** Two counts with their totals, none of them empty. */
const proportions = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }))
  .chain(([n1, n2]) =>
    fc.tuple(
      fc.integer({ min: 0, max: n1 }),
      fc.constant(n1),
      fc.integer({ min: 0, max: n2 }),
      fc.constant(n2),
    ),
  );

describe("normal distribution", () => {
  it("agrees with SciPy to 1e-12, tails included", () => {
    for (const [x, value] of expected.erfc) expectNear(erfc(x), value, 2e-13, `erfc(${x})`);
    for (const [x, cdf, survival] of expected.normal) {
      expectNear(normalCdf(x), cdf, 1e-12, `cdf(${x})`);
      expectNear(normalSurvival(x), survival, 1e-12, `sf(${x})`);
    }
    for (const [p, value] of expected.quantile)
      expectNear(normalQuantile(p) + Math.sign(value), value + Math.sign(value), 1e-12, `quantile(${p})`);
  });

  it("holds at the ends", () => {
    expect(erfc(Number.POSITIVE_INFINITY)).toBe(0);
    expect(erfc(Number.NEGATIVE_INFINITY)).toBe(2);
    expect(erfc(Number.NaN)).toBeNaN();
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
    expect(normalQuantile(0.5)).toBe(0);
    for (const p of [-0.1, 1.1, Number.NaN]) expect(() => normalQuantile(p)).toThrow(InvalidInputError);
    for (const c of [0, 1, -1, Number.NaN]) expect(() => criticalValue(c)).toThrow(InvalidInputError);
    expect(criticalValue(0.95)).toBeCloseTo(1.959963984540054, 13);
  });

  it("inverts the quantile", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-15, max: 0.5, noNaN: true }), (p) => {
        expectNear(normalCdf(normalQuantile(p)), p, 1e-12, "cdf(quantile)");
      }),
    );
  });
});

describe("log binomial", () => {
  it("agrees with SciPy", () => {
    for (const [n, k, value] of expected.log_binomial)
      expectNear(logBinomial(n, k), value, 1e-12, `${n} over ${k}`);
    expectNear(logFactorial(21) - logFactorial(20), Math.log(21), 1e-14, "where the series takes over");
  });
});

describe("proportions", () => {
  it("Wilson intervals agree with statsmodels", () => {
    for (const [successes, trials, confidence, lower, upper] of expected.wilson) {
      const interval = wilsonInterval(successes, trials, confidence);
      expect(interval.value).toBe(successes / trials);
      expect(interval.low).toBeCloseTo(lower, 13);
      expect(interval.high).toBeCloseTo(upper, 13);
    }
    expect(wilsonInterval(0, 0)).toEqual({ value: Number.NaN, low: 0, high: 1 });
    for (let trials = 1; trials <= 300; trials++) {
      expect(wilsonInterval(0, trials).low).toBe(0);
      expect(wilsonInterval(trials, trials).high).toBe(1);
    }
    expect(() => wilsonInterval(0, -1)).toThrow("trials: is -1");
    expect(() => wilsonInterval(4, 3)).toThrow("successes: is 4. Use a whole number from 0 to 3");
  });

  it("tests and effect sizes agree with statsmodels", () => {
    for (const { counts, z, p, newcombe, odds } of expected.two) {
      const test = twoProportionTest(...counts);
      expectNear(test.statistic, z, 1e-12, "z");
      expectNear(test.pValue, p, 1e-11, "p");
      const difference = riskDifference(...counts);
      expect(difference.value).toBe(counts[0] / counts[1] - counts[2] / counts[3]);
      expect(difference.low).toBeCloseTo(newcombe[0], 12);
      expect(difference.high).toBeCloseTo(newcombe[1], 12);
      const ratio = oddsRatio(...counts);
      expectNear(ratio.value, odds[0], 1e-12, "odds ratio");
      expectNear(ratio.low, odds[1], 1e-12, "odds ratio, lower");
      expectNear(ratio.high, odds[2], 1e-12, "odds ratio, upper");
    }
  });

  it("Newcombe's own examples come out", () => {
    // Newcombe 1998, table II, method 10: 56/70 − 48/80 and 9/10 − 3/10.
    const first = riskDifference(56, 70, 48, 80);
    expect([first.low, first.high].map((x) => x.toFixed(4))).toEqual(["0.0524", "0.3339"]);
    const second = riskDifference(9, 10, 3, 10);
    expect([second.low, second.high].map((x) => x.toFixed(4))).toEqual(["0.1705", "0.8090"]);
  });

  it("no inputs on a side give no evidence and the widest interval", () => {
    expect(twoProportionTest(0, 0, 3, 5)).toEqual({ statistic: 0, pValue: 1 });
    expect(twoProportionTest(0, 0, 0, 0)).toEqual({ statistic: 0, pValue: 1 });
    expect(riskDifference(0, 0, 3, 5)).toEqual({ value: Number.NaN, low: -1, high: 1 });
  });

  it("paired differences agree with the published formula", () => {
    for (const [both, onlyFirst, onlySecond, neither, lower, upper] of expected.paired) {
      const difference = pairedRiskDifference(both, onlyFirst, onlySecond, neither);
      const inputs = both + onlyFirst + onlySecond + neither;
      expect(difference.value).toBeCloseTo((onlyFirst - onlySecond) / inputs, 14);
      expect(difference.low).toBeCloseTo(lower, 12);
      expect(difference.high).toBeCloseTo(upper, 12);
    }
  });

  it("swapping the sides mirrors everything", () => {
    fc.assert(
      fc.property(proportions, ([s1, n1, s2, n2]) => {
        const there = riskDifference(s1, n1, s2, n2);
        const back = riskDifference(s2, n2, s1, n1);
        expect(back.value).toBeCloseTo(-there.value, 14);
        expect(back.low).toBeCloseTo(-there.high, 14);
        expect(there.low).toBeLessThanOrEqual(there.value);
        expect(there.high).toBeGreaterThanOrEqual(there.value);
        expect(twoProportionTest(s2, n2, s1, n1).statistic).toBeCloseTo(
          -twoProportionTest(s1, n1, s2, n2).statistic,
          12,
        );
        expectNear(fisherExactTest(s2, n2, s1, n1), fisherExactTest(s1, n1, s2, n2), 1e-9, "Fisher");
      }),
    );
  });

  it.each([
    [3, 2],
    [-1, 2],
    [0.5, 2],
    [0, -1],
    [0, 1.5],
    [Number.NaN, 2],
  ])("refuses %d of %d", (successes, trials) => {
    expect(() => wilsonInterval(successes, trials)).toThrow(InvalidInputError);
    expect(() => twoProportionTest(1, 2, successes, trials)).toThrow(InvalidInputError);
    expect(() => twoProportionTest(successes, trials, 1, 2)).toThrow(InvalidInputError);
    expect(() => riskDifference(1, 2, successes, trials)).toThrow(InvalidInputError);
    expect(() => riskDifference(successes, trials, 1, 2)).toThrow(InvalidInputError);
    expect(() => oddsRatio(1, 2, successes, trials)).toThrow(InvalidInputError);
    expect(() => oddsRatio(successes, trials, 1, 2)).toThrow(InvalidInputError);
    expect(() => fisherExactTest(1, 2, successes, trials)).toThrow(InvalidInputError);
    expect(() => fisherExactTest(successes, trials, 1, 2)).toThrow(InvalidInputError);
  });

  it("refuses negative cells of paired tables", () => {
    expect(() => pairedRiskDifference(1, -1, 2, 2)).toThrow(InvalidInputError);
    expect(() => pairedRiskDifference(-3, 4, 2, 2)).toThrow(InvalidInputError);
    expect(() => mcNemarTest(-1, 2)).toThrow(InvalidInputError);
  });
});

describe("Fisher's exact test", () => {
  it("agrees with SciPy", () => {
    for (const { counts, fisher } of expected.two)
      expectNear(fisherExactTest(...counts), fisher, 1e-9, `${counts}`);
  });

  it("counts tables that are exactly as likely as the observed one", () => {
    // Symmetric margins: both tails are equal, so the two-sided value is twice the one-sided.
    expect(fisherExactTest(3, 3, 0, 3)).toBeCloseTo(0.1, 13);
    expect(fisherExactTest(0, 3, 3, 3)).toBeCloseTo(0.1, 13);
    expect(fisherExactTest(2, 4, 2, 4)).toBeCloseTo(1, 13);
  });
});

describe("McNemar's test", () => {
  it("agrees with statsmodels: exact, mid-p, and asymptotic beyond 1,000 discordant pairs", () => {
    for (const [b, c, exact, mid, asymptotic] of expected.mcnemar) {
      const large = b + c > EXACT_DISCORDANT_PAIRS;
      expectNear(mcNemarTest(b, c).pValue, large ? asymptotic : mid, 1e-10, `mid-p ${b} ${c}`);
      expectNear(mcNemarTest(b, c, "exact").pValue, large ? asymptotic : exact, 1e-10, `exact ${b} ${c}`);
      expect(mcNemarTest(b, c).statistic).toBeCloseTo((b - c) / Math.sqrt(b + c), 13);
    }
    expect(mcNemarTest(0, 0)).toEqual({ statistic: 0, pValue: 1 });
    // Exactly 1,000 discordant pairs are still exact.
    const { statistic, pValue } = mcNemarTest(480, 520);
    expect(Math.abs(pValue / (2 * normalSurvival(Math.abs(statistic))) - 1)).toBeGreaterThan(1e-5);
  });
});

describe("Benjamini-Hochberg", () => {
  it("agrees with statsmodels, ties and ends included", () => {
    const q = benjaminiHochberg(expected.bh.p);
    expected.bh.q.forEach((value, k) => {
      expect(q[k]).toBeCloseTo(value, 14);
    });
  });

  it("leaves untested hypotheses out of the count", () => {
    const q = benjaminiHochberg([Number.NaN, 0.01, Number.NaN, 0.04, Number.NaN]);
    expect(Array.from(q)).toEqual([Number.NaN, 0.02, Number.NaN, 0.04, Number.NaN]);
    expect(benjaminiHochberg([])).toEqual(new Float64Array(0));
    expect(benjaminiHochberg([Number.NaN])).toEqual(Float64Array.of(Number.NaN));
  });

  it("keeps the order of p-values and never falls below them", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (p) => {
        const q = benjaminiHochberg(p);
        for (let a = 0; a < p.length; a++) {
          expect(q[a]).toBeGreaterThanOrEqual(p[a]);
          expect(q[a]).toBeLessThanOrEqual(1);
          for (let b = 0; b < p.length; b++) if (p[a] <= p[b]) expect(q[a]).toBeLessThanOrEqual(q[b]);
        }
      }),
    );
  });
});
