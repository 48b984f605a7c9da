import { textWidth } from "./label-text.ts";

export type HeatmapLayout = {
  /** Width of the row labels, height of the column labels, in CSS pixels. */
  readonly labelWidth: number;
  readonly labelHeight: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly rows: number;
  readonly columns: number;
};

/** Labels need about this much of a cell's side to be readable. */
export const labelledCell = 11;

/** Below this side, every second or third cell has its label; smaller cells are for small multiples. */
const smallestCell = 7;

/** Label font in pixels. */
export const labelSize = 11;

/**
 * Sizes of a heatmap in a space of `width` pixels: cells fill it if they need not be smaller than 7 pixels (nor larger
 * than 32, in flat matrices 44), and else have room for each label and scroll; above 200 columns they have 4 pixels.
 *
 * @param square cells as high as wide (concept × concept); otherwise rows keep a height for their label
 * @param compact cells may shrink to 2 pixels before the heatmap scrolls
 * @param cell wanted cell width in pixels; null fits the width
 */
export function heatmapLayout(
  rowLabels: readonly string[],
  columnLabels: readonly string[],
  width: number,
  {
    square = false,
    compact = false,
    cell = null,
  }: { square?: boolean; compact?: boolean; cell?: number | null } = {},
): HeatmapLayout {
  const labelWidth = Math.round(
    Math.min(textWidth(rowLabels, labelSize) + 12, Math.max(64, width * 0.24), compact ? 84 : 190),
  );
  const labelHeight = Math.round(Math.min(textWidth(columnLabels, labelSize) + 12, compact ? 84 : 130));
  const columns = columnLabels.length;
  const rows = rowLabels.length;
  const fitting = (width - labelWidth) / Math.max(1, columns);
  const smallest = compact ? 2 : columns > 200 ? 4 : fitting >= smallestCell ? smallestCell : labelledCell;
  const cellWidth = cell ?? Math.min(square ? 32 : 44, Math.max(smallest, fitting));
  const cellHeight = square ? cellWidth : Math.max(rows > 60 ? labelledCell : 18, Math.min(26, cellWidth));
  return { labelWidth, labelHeight, cellWidth, cellHeight, rows, columns };
}

/** Whole size in CSS pixels. */
export function heatmapSize(layout: HeatmapLayout): { width: number; height: number } {
  return {
    width: layout.labelWidth + layout.cellWidth * layout.columns,
    height: layout.labelHeight + layout.cellHeight * layout.rows,
  };
}

/** Display row and column under a point, or null outside the cells. `scroll` is what is scrolled away. */
export function cellAt(
  layout: HeatmapLayout,
  x: number,
  y: number,
  scroll: { left: number; top: number },
): { row: number; column: number } | null {
  if (x < layout.labelWidth || y < layout.labelHeight) return null;
  const column = Math.floor((x - layout.labelWidth + scroll.left) / layout.cellWidth);
  const row = Math.floor((y - layout.labelHeight + scroll.top) / layout.cellHeight);
  return row >= 0 && row < layout.rows && column >= 0 && column < layout.columns ? { row, column } : null;
}

/** The least scrolling that brings a display cell into a view of the given size. */
export function scrolledInSight(
  layout: HeatmapLayout,
  cell: { row: number; column: number },
  view: { width: number; height: number },
  scroll: { left: number; top: number },
): { left: number; top: number } {
  const along = (at: number, size: number, room: number, scrolled: number) =>
    Math.min(Math.max(scrolled, at + size - room), at);
  return {
    left: along(
      cell.column * layout.cellWidth,
      layout.cellWidth,
      view.width - layout.labelWidth,
      scroll.left,
    ),
    top: along(cell.row * layout.cellHeight, layout.cellHeight, view.height - layout.labelHeight, scroll.top),
  };
}
