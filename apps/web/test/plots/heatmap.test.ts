import { describe, expect, test } from "vitest";
import { sequentialTable } from "../../src/plots/colour-scales.ts";
import { cellAt, heatmapLayout, heatmapSize, scrolledInSight } from "../../src/plots/heatmap-layout.ts";
import { heatmapPixels } from "../../src/plots/heatmap-pixels.ts";
import { heatmapSvg } from "../../src/plots/heatmap-svg.ts";
import { fittingLabel, textWidth } from "../../src/plots/label-text.ts";
import { amplifiedDifference } from "../../src/screens/input/amplified-difference.ts";

const labels = (n: number) => Array.from({ length: n }, (_, i) => `concept ${i}`);

describe("heatmapLayout", () => {
  test("fits the width when cells stay readable", () => {
    const layout = heatmapLayout(labels(10), labels(28), 1200);
    expect(heatmapSize(layout).width).toBeLessThanOrEqual(1200);
    expect(layout.cellWidth).toBeGreaterThan(30);
  });

  test("keeps a smallest cell and scrolls when there are many", () => {
    const layout = heatmapLayout(labels(100), labels(500), 390);
    expect(layout.cellWidth).toBe(4);
    expect(heatmapSize(layout).width).toBeGreaterThan(390);
  });

  test("finds the cell under a point, scrolled or not", () => {
    const layout = heatmapLayout(labels(10), labels(28), 1200, { cell: 20 });
    const { labelWidth, labelHeight, cellHeight } = layout;
    expect(cellAt(layout, labelWidth + 45, labelHeight + cellHeight * 3.5, { left: 0, top: 0 })).toEqual({
      row: 3,
      column: 2,
    });
    expect(cellAt(layout, labelWidth + 5, labelHeight + 1, { left: 100, top: 0 })).toEqual({
      row: 0,
      column: 5,
    });
    expect(cellAt(layout, labelWidth - 1, labelHeight + 1, { left: 0, top: 0 })).toBeNull();
    expect(cellAt(layout, labelWidth + 20 * 28, labelHeight + 1, { left: 0, top: 0 })).toBeNull();
  });

  test("shrinks cells to 7 pixels where that keeps all of them in sight", () => {
    const layout = heatmapLayout(labels(28), labels(28), 316, { square: true });
    expect(layout.cellWidth).toBeGreaterThanOrEqual(7);
    expect(layout.cellWidth).toBeLessThan(11);
    expect(heatmapSize(layout).width).toBeLessThanOrEqual(316);
    expect(heatmapLayout(labels(80), labels(80), 316, { square: true }).cellWidth).toBe(11);
  });

  test("scrolls no further than a cell needs", () => {
    const layout = heatmapLayout(labels(100), labels(500), 600, { cell: 10 });
    const view = { width: layout.labelWidth + 100, height: layout.labelHeight + 110 };
    const at = (row: number, column: number) =>
      scrolledInSight(layout, { row, column }, view, { left: 50, top: 55 });
    expect(at(6, 7)).toEqual({ left: 50, top: 55 });
    expect(at(layout.rows - 1, 2).left).toBe(20);
    expect(at(6, 15).left).toBe(60);
    expect(at(0, 7).top).toBe(0);
  });

  test("labels are cut with an ellipsis", () => {
    expect(fittingLabel("colored eyes", textWidth(["colored eyes"], 11))).toBe("colored eyes");
    expect(fittingLabel("long-snout", 200)).toBe("long-snout");
    expect(fittingLabel("long-snout", 30)).toBe("long…");
  });
});

test("pixels follow the display order, fade what is not emphasised, and leave nulls clear", () => {
  const scale = { table: sequentialTable("light"), low: 0, high: 1 };
  const pixels = heatmapPixels([0, 1, null, 0.5], [1, 0], [1, 0], scale, (cell) => cell !== 1);
  const pixel = (i: number) => [...pixels.slice(i * 4, i * 4 + 4)];
  expect(pixel(1)).toEqual([0, 0, 0, 0]);
  expect(pixel(2)[3]).toBe(56);
  expect(pixel(3)).toEqual([0xde, 0xf5, 0xe5, 255]);
});

test("the SVG carries every label, escaped, and the picture", () => {
  const layout = heatmapLayout(["a<b", "c"], ["d&e", "f"], 400);
  const svg = heatmapSvg(
    layout,
    "data:image/png;base64,AA",
    ["a<b", "c"],
    ["d&e", "f"],
    { page: "#fff", ink: "#000" },
    "T",
  );
  expect(svg).toContain(">a&#60;b</text>");
  expect(svg).toContain(">d&#38;e</text>");
  expect(svg).toContain('href="data:image/png;base64,AA"');
});

test("an amplified difference is grey where nothing changed", () => {
  expect([...amplifiedDifference([10, 10, 10, 255], [10, 12, 0, 255], 8)]).toEqual([128, 144, 48, 255]);
  expect(() => amplifiedDifference([1], [1, 2], 8)).toThrow(/differ in size/);
});
