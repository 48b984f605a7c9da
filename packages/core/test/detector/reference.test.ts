import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portableLog } from "../../src/detector/portable-log.ts";

describe("portableLog", () => {
  it("is the natural logarithm to within rounding", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (x) => {
        expect(Math.abs(portableLog(x) - Math.log(x))).toBeLessThanOrEqual(
          4e-16 * (1 + Math.abs(Math.log(x))),
        );
      }),
      { numRuns: 2_000 },
    );
    expect(portableLog(1)).toBe(0);
    expect(portableLog(2)).toBe(Math.LN2);
    expect(portableLog(Math.SQRT1_2)).toBeCloseTo(-Math.LN2 / 2, 15);
    expect(portableLog(Math.SQRT2)).toBeCloseTo(Math.LN2 / 2, 15);
  });
});
