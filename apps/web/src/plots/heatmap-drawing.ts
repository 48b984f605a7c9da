import { type HeatmapLayout, heatmapSize, labelledCell, labelSize } from "./heatmap-layout.ts";
import { fittingLabel } from "./label-text.ts";

/** One frame of a heatmap, in CSS pixels. */
export type HeatmapFrame = {
  layout: HeatmapLayout;
  viewWidth: number;
  viewHeight: number;
  /** What is scrolled away. */
  left: number;
  top: number;
  /** In display order, as `columnLabels`. */
  rowLabels: readonly string[];
  columnLabels: readonly string[];
  cursor: { row: number; column: number } | null;
  /** Whether a cell stands out, by display row and column. */
  dot: ((row: number, column: number) => boolean) | null;
  /** Where the theme's colours are read from. */
  style: CSSStyleDeclaration;
};

/** Display rows or columns that are in sight, `last` excluded, and where each begins. */
type Sight = { first: number; last: number; at: (index: number) => number };

/** Smallest sides with a hair between the cells, and with a dot in them. */
const hairCell = 9;
const dottedCell = 7;

/** Half a line of a label: the first and the last may stand out of the matrix by as much. */
const overhang = labelSize / 2;

/**
 * Draws what is in sight of a heatmap; the cost is that of the view, not of the matrix.
 *
 * @param pixels one pixel a cell, in display order
 */
export function drawHeatmap(canvas: HTMLCanvasElement, pixels: HTMLCanvasElement, frame: HeatmapFrame): void {
  const { layout, viewWidth, viewHeight, left, top } = frame;
  const { labelWidth, labelHeight, cellWidth, cellHeight } = layout;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(viewWidth * ratio) || canvas.height !== Math.round(viewHeight * ratio)) {
    canvas.width = Math.round(viewWidth * ratio);
    canvas.height = Math.round(viewHeight * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, viewWidth, viewHeight);

  const rows = inSight(labelHeight, top, cellHeight, layout.rows, viewHeight);
  const columns = inSight(labelWidth, left, cellWidth, layout.columns, viewWidth);
  context.save();
  context.beginPath();
  context.rect(labelWidth, labelHeight, viewWidth - labelWidth, viewHeight - labelHeight);
  context.clip();
  drawCells(context, pixels, rows, columns, frame);
  drawMore(context, frame);
  context.restore();
  drawLabels(context, rows, columns, frame);
}

function inSight(origin: number, scrolled: number, size: number, count: number, view: number): Sight {
  return {
    first: Math.max(0, Math.floor(scrolled / size)),
    last: Math.min(count, Math.ceil((scrolled + view - origin) / size)),
    at: (index) => origin + index * size - scrolled,
  };
}

function drawCells(
  context: CanvasRenderingContext2D,
  pixels: HTMLCanvasElement,
  rows: Sight,
  columns: Sight,
  { layout, cursor, dot, style }: HeatmapFrame,
): void {
  const { cellWidth, cellHeight } = layout;
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels, columns.at(0), rows.at(0), cellWidth * layout.columns, cellHeight * layout.rows);
  const smaller = Math.min(cellWidth, cellHeight);
  // A hair of the page between large cells keeps equal neighbours apart.
  if (smaller >= hairCell) {
    context.fillStyle = style.getPropertyValue("--surface");
    const [width, height] = [columns.last - columns.first, rows.last - rows.first];
    for (let column = columns.first; column <= columns.last; column++)
      context.fillRect(columns.at(column) - 0.5, rows.at(rows.first), 1, height * cellHeight);
    for (let row = rows.first; row <= rows.last; row++)
      context.fillRect(columns.at(columns.first), rows.at(row) - 0.5, width * cellWidth, 1);
  }
  // A dot besides the full colour marks emphasised cells for those who do not see the fading.
  if (dot && smaller >= dottedCell) {
    context.fillStyle = style.getPropertyValue("--ink");
    for (let row = rows.first; row < rows.last; row++)
      for (let column = columns.first; column < columns.last; column++)
        if (dot(row, column)) {
          context.beginPath();
          const [x, y] = [columns.at(column) + cellWidth / 2, rows.at(row) + cellHeight / 2];
          context.arc(x, y, smaller >= hairCell ? 1.3 : 1, 0, 2 * Math.PI);
          context.fill();
        }
  }
  if (cursor) {
    context.lineWidth = 2;
    context.strokeStyle = style.getPropertyValue("--ink");
    context.strokeRect(columns.at(cursor.column), rows.at(cursor.row), cellWidth, cellHeight);
  }
}

/** A shade along each edge behind which the matrix goes on: scroll bars may be hidden. */
function drawMore(context: CanvasRenderingContext2D, frame: HeatmapFrame): void {
  const { layout, viewWidth, viewHeight, left, top, style } = frame;
  const size = heatmapSize(layout);
  const shade = style.getPropertyValue("--scroll-shade");
  const depth = 14;
  const edges = [
    { more: left > 1, from: [layout.labelWidth, 0], to: [layout.labelWidth + depth, 0] },
    { more: left + viewWidth < size.width - 1, from: [viewWidth, 0], to: [viewWidth - depth, 0] },
    { more: top > 1, from: [0, layout.labelHeight], to: [0, layout.labelHeight + depth] },
    { more: top + viewHeight < size.height - 1, from: [0, viewHeight], to: [0, viewHeight - depth] },
  ];
  for (const { more, from, to } of edges) {
    if (!more) continue;
    const gradient = context.createLinearGradient(from[0], from[1], to[0], to[1]);
    gradient.addColorStop(0, shade);
    gradient.addColorStop(1, "transparent");
    context.fillStyle = gradient;
    context.fillRect(0, 0, viewWidth, viewHeight);
  }
}

function drawLabels(
  context: CanvasRenderingContext2D,
  rows: Sight,
  columns: Sight,
  { layout, viewWidth, viewHeight, rowLabels, columnLabels, cursor, style }: HeatmapFrame,
): void {
  const { labelWidth, labelHeight, cellWidth, cellHeight } = layout;
  const muted = style.getPropertyValue("--muted");
  const ink = style.getPropertyValue("--ink");
  context.font = `${labelSize}px "Inter Variable", system-ui, sans-serif`;
  context.textBaseline = "middle";

  context.textAlign = "right";
  context.save();
  context.beginPath();
  context.rect(0, labelHeight - overhang, labelWidth, viewHeight - labelHeight + overhang);
  context.clip();
  for (const row of labelled(rows, cellHeight, cursor?.row)) {
    context.fillStyle = row === cursor?.row ? ink : muted;
    const label = fittingLabel(rowLabels[row], labelWidth - 8);
    context.fillText(label, labelWidth - 6, rows.at(row) + cellHeight / 2);
  }
  context.restore();

  context.textAlign = "left";
  context.save();
  context.beginPath();
  context.rect(labelWidth - overhang, 0, viewWidth - labelWidth + overhang, labelHeight);
  context.clip();
  for (const column of labelled(columns, cellWidth, cursor?.column)) {
    context.save();
    context.translate(columns.at(column) + cellWidth / 2, labelHeight - 6);
    context.rotate(-Math.PI / 2);
    context.fillStyle = column === cursor?.column ? ink : muted;
    context.fillText(fittingLabel(columnLabels[column], labelHeight - 8), 0, 0);
    context.restore();
  }
  context.restore();
}

/** Those in sight that have room for a label; the cursor's takes the room of its neighbours'. */
function labelled(sight: Sight, size: number, here: number | undefined): number[] {
  const every = Math.max(1, Math.ceil(labelledCell / size));
  const shown: number[] = [];
  for (let index = sight.first; index < sight.last; index++)
    if (index === here || (index % every === 0 && (here === undefined || Math.abs(index - here) >= every)))
      shown.push(index);
  return shown;
}
