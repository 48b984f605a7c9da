import { describe, expect, it } from "vitest";
import { axisTicks, curvePath } from "../../src/plots/curve-path.ts";

const area = { left: 10, top: 20, width: 100, height: 200, xMaximum: 1, yMaximum: 0.5 };

describe("curvePath", () => {
  it("maps the data's range onto the area, y upwards", () => {
    const points = [
      [0, 0],
      [0.5, 0.25],
      [1, 0.5],
    ] as const;
    expect(curvePath(area, points)).toBe("M10 220L60 120L110 20");
  });
});

describe("axisTicks", () => {
  it("steps by 1, 2 or 5 times a power of ten, up to the maximum", () => {
    expect(axisTicks(1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(axisTicks(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(axisTicks(0.07)).toEqual([0, 0.02, 0.04, 0.06]);
    expect(axisTicks(0.25)).toEqual([0, 0.05, 0.1, 0.15, 0.2, 0.25]);
  });
});
