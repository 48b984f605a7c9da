import { describe, expect, it } from "vitest";
import {
  justBelow,
  operatingPoint,
  pointAtFalseAlarmRate,
} from "../../../src/screens/detector/operating-point.ts";

const roc = [
  { falsePositiveRate: 0, truePositiveRate: 0, threshold: null },
  { falsePositiveRate: 0, truePositiveRate: 0.25, threshold: 3 },
  { falsePositiveRate: 0.1, truePositiveRate: 0.75, threshold: 2 },
  { falsePositiveRate: 1, truePositiveRate: 1, threshold: -1 },
];

describe("operatingPoint", () => {
  it("counts false alarms, misses and what is let through", () => {
    expect(operatingPoint(roc[2], 40, 60)).toEqual({
      threshold: 2,
      falseAlarms: 6,
      falseAlarmRate: 0.1,
      misses: 10,
      missRate: 0.25,
      caught: 30,
      flagged: 36,
      precision: 30 / 36,
      coverage: 0.64,
      risk: 10 / 64,
    });
  });

  it("has no precision when nothing is flagged and no risk when everything is", () => {
    expect(operatingPoint(roc[0], 40, 60)).toMatchObject({
      flagged: 0,
      precision: null,
      coverage: 1,
      risk: 0.4,
    });
    expect(operatingPoint(roc[3], 40, 60)).toMatchObject({
      flagged: 100,
      precision: 0.4,
      coverage: 0,
      risk: null,
    });
  });
});

describe("pointAtFalseAlarmRate", () => {
  it("takes the last point within the rate", () => {
    expect(pointAtFalseAlarmRate(roc, 0)).toBe(1);
    expect(pointAtFalseAlarmRate(roc, 0.0999)).toBe(1);
    expect(pointAtFalseAlarmRate(roc, 0.1)).toBe(2);
    expect(pointAtFalseAlarmRate(roc, 1)).toBe(3);
  });
});

describe("justBelow", () => {
  it.each([1, -1, 0, 1e-300, -1e300, 0.1 + 0.2])("is the next float64 below %d", (score) => {
    const below = justBelow(score);
    expect(below).toBeLessThan(score);
    // No float64 lies between: their mean rounds to one of the two.
    const mean = below / 2 + score / 2;
    expect(mean === below || mean === score || Object.is(mean, -0)).toBe(true);
  });
});
