"use client";

import { Minus, Plus } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTheme } from "../ui/theme.tsx";
import { divergingTable, sequentialTable } from "./colour-scales.ts";
import { drawHeatmap } from "./heatmap-drawing.ts";
import { cellAt, heatmapLayout, heatmapSize, scrolledInSight } from "./heatmap-layout.ts";
import { heatmapPixels } from "./heatmap-pixels.ts";
import { heatmapSvg } from "./heatmap-svg.ts";
import { type Scale, ScaleLegend } from "./scale-legend.tsx";
import { pageColours } from "./svg-file.ts";

/** Indices into the values as the API gave them, not as they are displayed. */
export type Cell = { row: number; column: number };

/** What a frame around the heatmap may ask of it. */
export type HeatmapHandle = { svg: () => string | null };

type Props = {
  /** Read by screen readers in place of the picture. */
  label: string;
  rowLabels: readonly string[];
  columnLabels: readonly string[];
  /** Row-major, rows × columns; null where there is no value. */
  values: ArrayLike<number | null>;
  scale: Scale;
  rowOrder: readonly number[];
  columnOrder: readonly number[];
  square?: boolean;
  /** Cells that stand out; all others are faded. */
  emphasised?: (cell: number) => boolean;
  /** One cell in words. */
  describe: (cell: Cell) => string;
  /** What floats beside the cell under the pointer or the keyboard's cursor; by default its description. */
  card?: (cell: Cell) => ReactNode;
  onSelect?: (cell: Cell) => void;
  maxHeight?: number;
  /** Small multiples leave out the zoom and the legend. */
  bare?: boolean;
  /** Cells shrink as far as the width asks; labels that do not fit are left out. */
  compact?: boolean;
  ref?: Ref<HeatmapHandle>;
};

/**
 * A matrix of coloured cells on a canvas as large as its window: only what is in sight is drawn, so that
 * 100 × 500 and more cells scroll smoothly. Arrow keys walk over the cells.
 */
export function Heatmap(props: Props) {
  const {
    rowLabels,
    columnLabels,
    values,
    scale,
    rowOrder,
    columnOrder,
    emphasised,
    square = false,
    compact = false,
  } = props;
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [zoom, setZoom] = useState<number | null>(null);
  const [cursor, setCursor] = useState<{ row: number; column: number } | null>(null);

  const layout = useMemo(
    () => heatmapLayout(rowLabels, columnLabels, width, { square, compact, cell: zoom }),
    [rowLabels, columnLabels, width, square, compact, zoom],
  );
  const size = heatmapSize(layout);
  const rows = useMemo(() => rowOrder.map((row) => rowLabels[row]), [rowOrder, rowLabels]);
  const columns = useMemo(
    () => columnOrder.map((column) => columnLabels[column]),
    [columnOrder, columnLabels],
  );
  const mostHeight = props.maxHeight ?? 780;
  // The last few rows are not worth scrolling.
  const height = size.height <= 1.2 * mostHeight ? size.height : mostHeight;
  const viewWidth = Math.min(size.width, width);

  const pixels = useMemo(() => {
    if (rowOrder.length === 0 || columnOrder.length === 0) return null;
    const table = scale.kind === "sequential" ? sequentialTable(theme) : divergingTable(theme);
    const [low, high] = scale.kind === "sequential" ? [0, 1] : [-scale.limit, scale.limit];
    const bitmap = document.createElement("canvas");
    bitmap.width = columnOrder.length;
    bitmap.height = rowOrder.length;
    const bytes = heatmapPixels(values, rowOrder, columnOrder, { table, low, high }, emphasised);
    bitmap.getContext("2d")!.putImageData(new ImageData(bytes, bitmap.width, bitmap.height), 0, 0);
    return bitmap;
  }, [values, rowOrder, columnOrder, scale, theme, emphasised]);

  useLayoutEffect(() => {
    const element = frame.current!;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);

  // Before the paint, or a resized canvas would be stretched for one frame.
  useLayoutEffect(() => {
    const draw = () => {
      if (!canvas.current || !pixels || viewWidth <= 0) return;
      drawHeatmap(canvas.current, pixels, {
        layout,
        viewWidth,
        viewHeight: height,
        left: scroller.current!.scrollLeft,
        top: scroller.current!.scrollTop,
        rowLabels: rows,
        columnLabels: columns,
        cursor,
        dot: emphasised
          ? (row, column) => emphasised(rowOrder[row] * columnOrder.length + columnOrder[column])
          : null,
        style: getComputedStyle(canvas.current),
      });
    };
    draw();
    const element = scroller.current!;
    element.addEventListener("scroll", draw, { passive: true });
    return () => element.removeEventListener("scroll", draw);
  }, [pixels, layout, viewWidth, height, rows, columns, rowOrder, columnOrder, cursor, emphasised]);

  useImperativeHandle(
    props.ref,
    () => ({
      svg: () => {
        if (!pixels) return null;
        return heatmapSvg(layout, pixels.toDataURL("image/png"), rows, columns, pageColours(), props.label);
      },
    }),
    [pixels, layout, rows, columns, props.label],
  );

  const cell = cursor && { row: rowOrder[cursor.row], column: columnOrder[cursor.column] };
  const point = (event: { clientX: number; clientY: number }) => {
    const box = canvas.current!.getBoundingClientRect();
    const at = cellAt(layout, event.clientX - box.left, event.clientY - box.top, {
      left: scroller.current!.scrollLeft,
      top: scroller.current!.scrollTop,
    });
    if (at?.row !== cursor?.row || at?.column !== cursor?.column) setCursor(at);
    return at;
  };
  const walk = (event: KeyboardEvent) => {
    const step: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    if (event.key === "Enter" && cell) props.onSelect?.(cell);
    if (event.key === "Escape") setCursor(null);
    const move = step[event.key];
    if (!move) return;
    event.preventDefault();
    const next = cursor
      ? {
          row: Math.min(layout.rows - 1, Math.max(0, cursor.row + move[0])),
          column: Math.min(layout.columns - 1, Math.max(0, cursor.column + move[1])),
        }
      : { row: 0, column: 0 };
    setCursor(next);
    const { scrollLeft: left, scrollTop: top } = scroller.current!;
    const view = { width: viewWidth, height };
    scroller.current!.scrollTo(scrolledInSight(layout, next, view, { left, top }));
  };

  const scrolled = { left: scroller.current?.scrollLeft ?? 0, top: scroller.current?.scrollTop ?? 0 };
  const cardLeft = cursor
    ? layout.labelWidth + (cursor.column + 1) * layout.cellWidth - scrolled.left + 10
    : 0;
  const cardTop = cursor ? layout.labelHeight + cursor.row * layout.cellHeight - scrolled.top : 0;
  const toLeft = cardLeft > viewWidth * 0.6;

  return (
    <div ref={frame} className="relative min-w-0">
      <div
        ref={scroller}
        role="application"
        aria-label={`${props.label}. Arrow keys walk over the cells.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the cells are reached by keyboard through this element
        tabIndex={0}
        onKeyDown={walk}
        onBlur={() => setCursor(null)}
        onPointerMove={point}
        onPointerLeave={() => setCursor(null)}
        onPointerDown={(event) => {
          const at = point(event);
          if (at) props.onSelect?.({ row: rowOrder[at.row], column: columnOrder[at.column] });
        }}
        className="max-w-full overflow-auto rounded-sm"
        style={{
          width: viewWidth || undefined,
          height,
          cursor: props.onSelect && cursor ? "pointer" : undefined,
        }}
      >
        <div style={{ width: size.width, height: size.height }}>
          <canvas
            ref={canvas}
            role="img"
            aria-label={props.label}
            className="sticky top-0 left-0 block"
            style={{ width: viewWidth, height }}
          />
        </div>
      </div>
      <p aria-live="polite" className="sr-only">
        {cell ? props.describe(cell) : ""}
      </p>
      {cell && (
        <div
          className="pointer-events-none absolute z-20 max-w-72 rounded-md border bg-surface px-3 py-2 text-sm shadow-float"
          style={
            width < 480
              ? { left: 0, right: 0, top: height + 4, maxWidth: "none" }
              : toLeft
                ? { right: width - cardLeft + 20 + layout.cellWidth, top: cardTop }
                : { left: cardLeft, top: cardTop }
          }
        >
          {props.card ? props.card(cell) : props.describe(cell)}
        </div>
      )}
      {!props.bare && (
        <div className="mt-2 flex flex-wrap items-center justify-between gap-2 text-xs text-muted">
          <ScaleLegend scale={scale} />
          <div className="no-print flex items-center gap-1">
            <ZoomButton
              label="Smaller cells"
              disabled={layout.cellWidth <= 2}
              onClick={() => setZoom(Math.max(2, Math.round(layout.cellWidth * 0.7)))}
            >
              <Minus size={13} aria-hidden />
            </ZoomButton>
            <ZoomButton
              label="Larger cells"
              disabled={layout.cellWidth >= 40}
              onClick={() => setZoom(Math.min(40, Math.round(layout.cellWidth * 1.4)))}
            >
              <Plus size={13} aria-hidden />
            </ZoomButton>
          </div>
        </div>
      )}
    </div>
  );
}

function ZoomButton({
  label,
  ...rest
}: {
  label: string;
  disabled: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className="grid size-6 place-items-center rounded hover:bg-sunken hover:text-ink disabled:opacity-40"
      {...rest}
    />
  );
}
