import { expect, test } from "vitest";
import { percent, pointsInterval, probability, score } from "../../src/format/number.ts";

test("a line never breaks between a number and its unit", () => {
  expect(percent(0.8731)).toBe("87.3\u00a0%");
  expect(probability(0.0004)).toBe("<\u00a00.001");
  expect(pointsInterval({ value: -0.077, low: -0.094, high: 0.061 })).toBe("[−9.4,\u00a0+6.1]\u00a0pp");
});

test("scores have four figures on whatever scale", () => {
  expect([-151.995, 21.2546, 3.2164, 0.08412, 12345.6, 0].map(score)).toEqual([
    "−152.0",
    "21.25",
    "3.216",
    "0.084",
    "12346",
    "0.000",
  ]);
  expect(score(null)).toBe("–");
});
