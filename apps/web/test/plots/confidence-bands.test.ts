import { expect, test } from "vitest";
import { riskBand, rocBand, wilsonInterval } from "../../src/plots/confidence-bands.ts";

test("Wilson's interval is scipy's", () => {
  // scipy.stats.binomtest(43, 150).proportion_ci(method="wilson")
  const { low, high } = wilsonInterval(43 / 150, 150);
  expect(low).toBeCloseTo(0.2203381, 6);
  expect(high).toBeCloseTo(0.3636492, 6);
  expect(wilsonInterval(0, 10).low).toBe(0);
  expect(wilsonInterval(1, 10).high).toBeCloseTo(1, 12);
  expect(wilsonInterval(0.5, 0)).toEqual({ low: 0, high: 1 });
});

test("bands hold their curve and narrow with the inputs behind it", () => {
  const roc = [
    { falsePositiveRate: 0, truePositiveRate: 0 },
    { falsePositiveRate: 0.1, truePositiveRate: 0.7 },
    { falsePositiveRate: 1, truePositiveRate: 1 },
  ];
  const [few, many] = [rocBand(roc, 20), rocBand(roc, 2000)];
  roc.forEach(({ truePositiveRate }, i) => {
    expect(few[i].low).toBeLessThanOrEqual(truePositiveRate);
    expect(few[i].high).toBeGreaterThanOrEqual(truePositiveRate);
  });
  expect(few[1].high - few[1].low).toBeGreaterThan(3 * (many[1].high - many[1].low));
  // Ten inputs are too few.
  const [early, late] = riskBand(
    [
      { coverage: 0.01, risk: 0 },
      { coverage: 0.02, risk: 0.1 },
      { coverage: 1, risk: 0.1 },
    ],
    1000,
  );
  expect(early.high - early.low).toBeGreaterThan(3 * (late.high - late.low));
});
