import { fittingLabel, type HeatmapLayout, labelledCell, labelSize } from "../plots/heatmap-layout.ts";

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

/**
 * Draws what is in sight of a heatmap; the cost is that of the view, not of the matrix.
 *
 * @param pixels one pixel a cell, in display order
 */
export function drawHeatmap(
  canvas: HTMLCanvasElement,
  pixels: HTMLCanvasElement,
  drawing: HeatmapFrame,
): void {
  const { layout, viewWidth, viewHeight, left, top, cursor, style } = drawing;
  const { labelWidth, labelHeight, cellWidth, cellHeight } = layout;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(viewWidth * ratio) || canvas.height !== Math.round(viewHeight * ratio)) {
    canvas.width = Math.round(viewWidth * ratio);
    canvas.height = Math.round(viewHeight * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, viewWidth, viewHeight);

  context.save();
  context.beginPath();
  context.rect(labelWidth, labelHeight, viewWidth - labelWidth, viewHeight - labelHeight);
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(
    pixels,
    labelWidth - left,
    labelHeight - top,
    cellWidth * layout.columns,
    cellHeight * layout.rows,
  );
  const firstColumn = Math.max(0, Math.floor(left / cellWidth));
  const lastColumn = Math.min(layout.columns, Math.ceil((left + viewWidth - labelWidth) / cellWidth));
  const firstRow = Math.max(0, Math.floor(top / cellHeight));
  const lastRow = Math.min(layout.rows, Math.ceil((top + viewHeight - labelHeight) / cellHeight));
  const x = (column: number) => labelWidth + column * cellWidth - left;
  const y = (row: number) => labelHeight + row * cellHeight - top;

  // A hair of the page between large cells keeps equal neighbours apart.
  if (cellWidth >= 9 && cellHeight >= 9) {
    context.fillStyle = style.getPropertyValue("--surface");
    for (let column = firstColumn; column <= lastColumn; column++)
      context.fillRect(x(column) - 0.5, y(firstRow), 1, (lastRow - firstRow) * cellHeight);
    for (let row = firstRow; row <= lastRow; row++)
      context.fillRect(x(firstColumn), y(row) - 0.5, (lastColumn - firstColumn) * cellWidth, 1);
  }
  // A dot besides the full colour marks emphasised cells for those who do not see the fading.
  if (drawing.dot && cellWidth >= 9 && cellHeight >= 9) {
    context.fillStyle = style.getPropertyValue("--ink");
    for (let row = firstRow; row < lastRow; row++)
      for (let column = firstColumn; column < lastColumn; column++)
        if (drawing.dot(row, column)) {
          context.beginPath();
          context.arc(x(column) + cellWidth / 2, y(row) + cellHeight / 2, 1.3, 0, 2 * Math.PI);
          context.fill();
        }
  }
  if (cursor) {
    context.lineWidth = 2;
    context.strokeStyle = style.getPropertyValue("--ink");
    context.strokeRect(x(cursor.column), y(cursor.row), cellWidth, cellHeight);
  }
  context.restore();

  context.font = `${labelSize}px "Inter Variable", system-ui, sans-serif`;
  context.textBaseline = "middle";
  const muted = style.getPropertyValue("--muted");
  const ink = style.getPropertyValue("--ink");
  context.textAlign = "right";
  context.save();
  context.beginPath();
  context.rect(0, labelHeight, labelWidth, viewHeight - labelHeight);
  context.clip();
  const everyRow = Math.max(1, Math.ceil(labelledCell / cellHeight));
  for (let row = firstRow; row < lastRow; row++) {
    const here = cursor?.row === row;
    if (row % everyRow !== 0 && !here) continue;
    context.fillStyle = here ? ink : muted;
    context.fillText(
      fittingLabel(drawing.rowLabels[row], labelWidth - 8),
      labelWidth - 6,
      y(row) + cellHeight / 2,
    );
  }
  context.restore();

  context.textAlign = "left";
  context.save();
  context.beginPath();
  context.rect(labelWidth, 0, viewWidth - labelWidth, labelHeight);
  context.clip();
  const everyColumn = Math.max(1, Math.ceil(labelledCell / cellWidth));
  for (let column = firstColumn; column < lastColumn; column++) {
    const here = cursor?.column === column;
    if (column % everyColumn !== 0 && !here) continue;
    context.save();
    context.translate(x(column) + cellWidth / 2, labelHeight - 6);
    context.rotate(-Math.PI / 2);
    context.fillStyle = here ? ink : muted;
    context.fillText(fittingLabel(drawing.columnLabels[column], labelHeight - 8), 0, 0);
    context.restore();
  }
  context.restore();
}
