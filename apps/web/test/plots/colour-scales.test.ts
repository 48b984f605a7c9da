import { lab, rgb } from "d3-color";
import { describe, expect, test } from "vitest";
import {
  colourAt,
  divergingLimit,
  divergingTable,
  type Rgb,
  readableInk,
  sequentialTable,
} from "../../src/plots/colour-scales.ts";

const lightness = ([r, g, b]: Rgb) => lab(rgb(r, g, b)).l;

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  test("more of the sequential scale is more ink, in even steps of lightness", () => {
    const scale = sequentialTable(theme);
    const steps = Array.from({ length: 21 }, (_, i) => lightness(colourAt(scale, 0, 20, i)));
    const changes = steps.slice(1).map((l, i) => (theme === "light" ? steps[i] - l : l - steps[i]));
    expect(Math.min(...changes)).toBeGreaterThan(0);
    expect(Math.max(...changes)).toBeLessThan(3 * Math.min(...changes));
  });

  test("the diverging scale is neutral at 0 and equally strong on both sides", () => {
    const scale = divergingTable(theme);
    const { a, b } = lab(rgb(...colourAt(scale, -1, 1, 0)));
    expect(Math.hypot(a, b)).toBeLessThan(5);
    for (const value of [0.35, 0.7, 1]) {
      const difference = lightness(colourAt(scale, -1, 1, value)) - lightness(colourAt(scale, -1, 1, -value));
      expect(Math.abs(difference)).toBeLessThan(14);
    }
  });
});

test("values outside of the scale take its ends", () => {
  const scale = sequentialTable("light");
  expect(colourAt(scale, 0, 1, 7)).toEqual(colourAt(scale, 0, 1, 1));
  expect(colourAt(scale, 0, 1, -7)).toEqual(colourAt(scale, 0, 1, 0));
});

test("ink on any colour of the scales is readable", () => {
  const luminance = (colour: Rgb) => {
    const [r, g, b] = colour.map((c) =>
      c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const scale of [sequentialTable("light"), divergingTable("light"), divergingTable("dark")])
    for (let i = 0; i <= 100; i++) {
      const colour = colourAt(scale, 0, 100, i);
      const ink = readableInk(colour) === "#ffffff" ? 1 : 0;
      const [low, high] = [luminance(colour), ink].toSorted((a, b) => a - b);
      expect((high + 0.05) / (low + 0.05)).toBeGreaterThan(4.5);
    }
});

test("divergingLimit rounds up, and never falls under 0.05", () => {
  expect(divergingLimit([0.01, null, -0.02])).toBe(0.05);
  expect(divergingLimit([0.1, -0.43])).toBeCloseTo(0.45);
  expect(divergingLimit([1, -1])).toBe(1);
});
