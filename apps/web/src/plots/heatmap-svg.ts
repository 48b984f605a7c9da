import { type HeatmapLayout, heatmapSize, labelledCell, labelSize } from "./heatmap-layout.ts";
import { fittingLabel } from "./label-text.ts";

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/**
 * A heatmap as a self-contained SVG: the cells as one embedded picture that is not smoothed, the labels as text.
 *
 * @param picture data URL of a PNG with one pixel a cell, in display order
 * @param rowLabels in display order, as `columnLabels`
 */
export function heatmapSvg(
  layout: HeatmapLayout,
  picture: string,
  rowLabels: readonly string[],
  columnLabels: readonly string[],
  colours: { page: string; ink: string },
  title: string,
): string {
  const { width, height } = heatmapSize(layout);
  const { labelWidth, labelHeight, cellWidth, cellHeight } = layout;
  const rows = rowLabels.map((label, i) => {
    const y = labelHeight + (i + 0.5) * cellHeight;
    return `<text x="${labelWidth - 6}" y="${y}" text-anchor="end" dominant-baseline="central">${escaped(fittingLabel(label, labelWidth - 8))}</text>`;
  });
  const columns =
    cellWidth < labelledCell - 1
      ? []
      : columnLabels.map((label, i) => {
          const x = labelWidth + (i + 0.5) * cellWidth;
          return `<text transform="translate(${x} ${labelHeight - 6}) rotate(-90)" dominant-baseline="central">${escaped(fittingLabel(label, labelHeight - 8))}</text>`;
        });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="background:${colours.page}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${colours.page}"/>`,
    `<image href="${picture}" x="${labelWidth}" y="${labelHeight}" width="${cellWidth * columnLabels.length}" height="${cellHeight * rowLabels.length}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`,
    `<g font-family="Inter, system-ui, sans-serif" font-size="${labelSize}" fill="${colours.ink}">`,
    ...rows,
    ...columns,
    "</g></svg>",
  ].join("\n");
}
