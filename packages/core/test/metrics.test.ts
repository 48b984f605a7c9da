import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accuracyAtCoverage,
  aurocEstimate,
  bootstrapMetrics,
  compareAurocs,
  detectionMetrics,
  InvalidInputError,
  ranking,
  riskCoverageCurve,
  rocCurve,
} from "../src/index.ts";
import { golden } from "./golden/read.ts";

interface Case {
  scores: number[];
  defects: number[];
  auroc: number;
  auprOut: number;
  auprIn: number;
  fpr95: number;
  aurc: number;
  aurcTolerance: number;
  roc: { fpr: number[]; tpr: number[]; thresholds: number[] };
  second: number[];
  delong: { standardErrors: number[]; z: number; pValue: number };
}
const cases = Object.entries(golden<Record<string, Case>>("metrics"));
const scored = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.boolean()), { minLength: 2, maxLength: 40 })
  .filter((inputs) => inputs.some(([, defect]) => defect) && inputs.some(([, defect]) => !defect));
const rankedFrom = (inputs: [number, boolean][]) =>
  ranking(
    inputs.map(([score]) => score),
    inputs.map(([, defect]) => defect),
  );

describe.each(cases)("metrics of %s scores", (_, expected) => {
  const ranked = ranking(expected.scores, expected.defects);

  it("equal scikit-learn's", () => {
    const metrics = detectionMetrics(ranked);
    for (const name of ["auroc", "auprOut", "auprIn", "fpr95"] as const)
      expect(metrics[name]).toBeCloseTo(expected[name], 12);
    expect(Math.abs(metrics.aurc - expected.aurc)).toBeLessThan(expected.aurcTolerance);
    expect(metrics.positives + metrics.negatives).toBe(expected.scores.length);
  });

  it("have scikit-learn's ROC curve", () => {
    const [origin, ...points] = rocCurve(ranked, 1000);
    expect(origin).toEqual({ falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity });
    expect(points.map((point) => point.threshold)).toEqual(expected.roc.thresholds);
    points.forEach((point, k) => {
      expect(point.falsePositiveRate).toBeCloseTo(expected.roc.fpr[k + 1], 12);
      expect(point.truePositiveRate).toBeCloseTo(expected.roc.tpr[k + 1], 12);
    });
  });

  it("have DeLong's standard errors and test", () => {
    const { first, second, z, pValue, difference } = compareAurocs(
      expected.scores,
      expected.second,
      expected.defects,
    );
    expect(first.value).toBeCloseTo(expected.auroc, 12);
    expect(first.standardError).toBeCloseTo(expected.delong.standardErrors[0], 10);
    expect(second.standardError).toBeCloseTo(expected.delong.standardErrors[1], 10);
    expect(z).toBeCloseTo(expected.delong.z, 8);
    expect(pValue).toBeCloseTo(expected.delong.pValue, 10);
    expect(difference.value).toBeCloseTo(first.value - second.value, 12);
    expect(difference.high - difference.value).toBeCloseTo(difference.value - difference.low, 12);
    expect(aurocEstimate(expected.scores, expected.defects)).toEqual(first);
  });
});

describe("detectionMetrics", () => {
  it("counts weights as repetitions", () => {
    fc.assert(
      fc.property(scored, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (inputs, stream) => {
        const weights = inputs.map(() => stream.next().value as number);
        const repeated = inputs.flatMap((input, i) => Array.from({ length: weights[i] }, () => input));
        if (repeated.length === 0) return;
        const weighted = detectionMetrics(rankedFrom(inputs), weights);
        const plain = detectionMetrics(rankedFrom(repeated));
        for (const name of Object.keys(plain) as (keyof typeof plain)[])
          if (Number.isNaN(plain[name])) expect(weighted[name]).toBeNaN();
          else expect(weighted[name]).toBeCloseTo(plain[name], 12);
      }),
    );
  });

  it("does not depend on the order of the inputs, and mirrors when score and defect do", () => {
    fc.assert(
      fc.property(scored, (inputs) => {
        const metrics = detectionMetrics(rankedFrom(inputs));
        const turned = detectionMetrics(rankedFrom([...inputs].reverse()));
        for (const name of ["auroc", "auprIn", "auprOut", "fpr95", "aurc"] as const)
          expect(turned[name]).toBeCloseTo(metrics[name], 12);
        const mirrored = detectionMetrics(rankedFrom(inputs.map(([score, defect]) => [-score, !defect])));
        expect(mirrored.auroc).toBeCloseTo(metrics.auroc, 12);
        expect(mirrored.auprIn).toBeCloseTo(metrics.auprOut, 12);
      }),
    );
  });

  it("says NaN where one kind of input is missing, and takes infinite scores", () => {
    const metrics = detectionMetrics(ranking([1, 2], [false, false]));
    expect(metrics.auroc).toBeNaN();
    expect(metrics.auprOut).toBeNaN();
    expect(metrics.aurc).toBe(0);
    expect(detectionMetrics(ranking([Infinity, -Infinity, Infinity], [1, 0, 0])).auroc).toBe(0.75);
  });
});

describe("coverage", () => {
  it("accuracy follows the risk-coverage curve, between the thresholds too", () => {
    fc.assert(
      fc.property(scored, (inputs) => {
        const ranked = rankedFrom(inputs);
        for (const { coverage, risk, threshold } of riskCoverageCurve(ranked)) {
          expect(accuracyAtCoverage(ranked, coverage)).toBeCloseTo(1 - risk, 10);
          const accepted = inputs.filter(([score]) => score <= threshold);
          expect(coverage).toBeCloseTo(accepted.length / inputs.length, 12);
          expect(risk).toBeCloseTo(accepted.filter(([, defect]) => defect).length / accepted.length, 12);
        }
      }),
    );
    const tied = ranking([1, 1, 1, 1, 9], [1, 0, 0, 0, 1]);
    expect(accuracyAtCoverage(tied, 0.4)).toBeCloseTo(0.75, 12);
    expect(accuracyAtCoverage(tied, 0.9)).toBeCloseTo(1 - 1.5 / 4.5, 12);
    expect(() => accuracyAtCoverage(tied, 0)).toThrow(/coverage/);
  });

  it("curves are thinned with both ends kept", () => {
    const scores = Array.from({ length: 500 }, (_, i) => i);
    const ranked = ranking(
      scores,
      scores.map((score) => score % 3 === 0),
    );
    const roc = rocCurve(ranked, 50);
    expect(roc.length).toBe(50);
    expect(roc[0].threshold).toBe(Infinity);
    expect(roc[49]).toMatchObject({ falsePositiveRate: 1, truePositiveRate: 1, threshold: 0 });
    expect(riskCoverageCurve(ranked, 10)[9].coverage).toBe(1);
    expect(() => rocCurve(ranked, 1)).toThrow(/maxPoints/);
  });
});

describe("bootstrapMetrics", () => {
  const [, { scores, defects, delong, auroc }] = cases[0];

  it("is seeded, holds the estimate, and agrees with DeLong's standard error", () => {
    const ranked = ranking(scores, defects);
    const [intervals] = bootstrapMetrics([ranked], { seed: 1, replicates: 2000 });
    expect(bootstrapMetrics([ranked], { seed: 1, replicates: 2000 })).toEqual([intervals]);
    expect(bootstrapMetrics([ranked], { seed: 2, replicates: 2000 })).not.toEqual([intervals]);
    const metrics = detectionMetrics(ranked);
    for (const name of ["auroc", "auprOut", "auprIn", "fpr95", "aurc"] as const) {
      expect(intervals[name].value).toBe(metrics[name]);
      expect(intervals[name].low).toBeLessThan(metrics[name]);
      expect(intervals[name].high).toBeGreaterThan(metrics[name]);
    }
    const half = (intervals.auroc.high - intervals.auroc.low) / 2 / 1.96;
    expect(Math.abs(half / delong.standardErrors[0] - 1)).toBeLessThan(0.1);
    const [narrower] = bootstrapMetrics([ranked], { seed: 1, replicates: 500, confidence: 0.5 });
    expect(narrower.auroc.high - narrower.auroc.low).toBeLessThan(half * 2);
    expect(Math.abs(auroc - intervals.auroc.value)).toBeLessThan(1e-12);
  });

  it("draws the same inputs for every score", () => {
    const negated = ranking(
      scores.map((score) => -score),
      defects,
    );
    const options = { seed: 4, replicates: 100 };
    const both = bootstrapMetrics([ranking(scores, defects), negated], options);
    expect(both[1]).toEqual(bootstrapMetrics([negated], options)[0]);
    // The AUROC of a negated score is one minus its AUROC, in every replicate.
    expect(both[0].auroc.low).toBeLessThan(both[0].auroc.high);
    expect(both[1].auroc.value).toBeCloseTo(1 - both[0].auroc.value, 12);
    expect(() => bootstrapMetrics([negated, ranking([1], [1])], options)).toThrow(/ranking/);
    expect(bootstrapMetrics([], options)).toEqual([]);
  });

  it("leaves replicates without defects out, and says NaN when none is left", () => {
    const [rare] = bootstrapMetrics([ranking([3, 1, 2], [1, 0, 0])], { seed: 3, replicates: 100 });
    expect(rare.auroc).toEqual({ value: 1, low: 1, high: 1 });
    const [none] = bootstrapMetrics([ranking([3, 1], [0, 0])], { seed: 3, replicates: 5 });
    expect(none.auroc.low).toBeNaN();
    const ranked = ranking([1, 2], [0, 1]);
    expect(() => bootstrapMetrics([ranked], { seed: 1, replicates: 0 })).toThrow(/replicates/);
    expect(() => bootstrapMetrics([ranked], { seed: 1, confidence: 1 })).toThrow(/confidence/);
  });
});

describe("compareAurocs", () => {
  it("finds no difference between detectors that rank alike, and a sure one between certain opposites", () => {
    const defects = [0, 0, 1, 1, 0, 1];
    const scores = [1, 3, 2, 5, 4, 6];
    const same = compareAurocs(
      scores,
      scores.map((score) => score * 10),
      defects,
    );
    expect(same).toMatchObject({ z: 0, pValue: 1 });
    expect(same.difference.value).toBe(0);
    const opposite = compareAurocs([0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]);
    expect(opposite).toMatchObject({ z: Infinity, pValue: 0 });
    expect(compareAurocs([1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]).z).toBe(-Infinity);
  });

  it("refuses too few of a kind", () => {
    expect(() => compareAurocs([1, 2, 3], [1, 2, 3], [1, 0, 0])).toThrow(/holds 1 defects/);
    expect(() => aurocEstimate([1, 2, 3], [1, 1, 0])).toThrow(InvalidInputError);
  });
});

describe("ranking", () => {
  it("refuses NaN, nothing, and other lengths", () => {
    expect(() => ranking([1, Number.NaN], [0, 1])).toThrow(/scores\[1\]: is NaN/);
    expect(() => ranking([], [])).toThrow(/scores: is empty/);
    expect(() => ranking([1], [0, 1])).toThrow(/defects: has 2/);
  });
});
