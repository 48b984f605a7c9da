import { type ColourTable, colourAt } from "./colour-scales.ts";

export type HeatmapScale = { readonly table: ColourTable; readonly low: number; readonly high: number };

/**
 * One RGBA pixel a cell, in display order: to be scaled up without smoothing.
 *
 * @param values row-major, by original indices; null is transparent
 * @param emphasised when given, cells that are not emphasised are faded to a fifth
 */
export function heatmapPixels(
  values: ArrayLike<number | null>,
  rowOrder: readonly number[],
  columnOrder: readonly number[],
  scale: HeatmapScale,
  emphasised?: (cell: number) => boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const columns = columnOrder.length;
  const pixels = new Uint8ClampedArray(rowOrder.length * columns * 4);
  const { table, low, high } = scale;
  let at = 0;
  for (const row of rowOrder) {
    for (const column of columnOrder) {
      const cell = row * columns + column;
      const value = values[cell];
      if (value !== null && value !== undefined) {
        const colour = colourAt(table, low, high, value);
        pixels[at] = colour[0];
        pixels[at + 1] = colour[1];
        pixels[at + 2] = colour[2];
        pixels[at + 3] = emphasised && !emphasised(cell) ? 56 : 255;
      }
      at += 4;
    }
  }
  return pixels;
}
