import type { Band } from "./confidence-bands.ts";

/** A plot's area in SVG units, and the data's range on each axis (from 0). */
export type PlotArea = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly xMaximum: number;
  readonly yMaximum: number;
};

export function xAt({ left, width, xMaximum }: PlotArea, x: number): number {
  return left + (x / xMaximum) * width;
}

/** SVG's y grows downwards; the data's grows upwards. */
export function yAt({ top, height, yMaximum }: PlotArea, y: number): number {
  return top + height - (y / yMaximum) * height;
}

/** Path of a curve through its points, to a tenth of an SVG unit. */
export function curvePath(area: PlotArea, points: readonly (readonly [x: number, y: number])[]): string {
  return points
    .map(
      ([x, y], i) =>
        `${i === 0 ? "M" : "L"}${Number(xAt(area, x).toFixed(1))} ${Number(yAt(area, y).toFixed(1))}`,
    )
    .join("");
}

/** Outline of the band between `low` and `high`, cut at the top of the area. */
export function bandPath(area: PlotArea, band: Band): string {
  const cut = (y: number) => Math.min(area.yMaximum, y);
  const upper = band.map(({ x, high }) => [x, cut(high)] as const);
  const lower = band.map(({ x, low }) => [x, cut(low)] as const);
  return band.length < 2 ? "" : `${curvePath(area, [...upper, ...lower.reverse()])}Z`;
}

/** Ticks from 0 to `maximum` in steps of 1, 2 or 5 times a power of ten, about `wanted` of them. */
export function axisTicks(maximum: number, wanted = 5): number[] {
  const rough = maximum / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999)!;
  // Multiplied, not added up, and rounded, so that no tick reads 0.30000000000000004.
  return Array.from({ length: Math.floor(maximum / step + 1e-9) + 1 }, (_, i) =>
    Number((i * step).toPrecision(12)),
  );
}
