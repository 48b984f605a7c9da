"use client";

import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { type CsvValue, csv } from "../format/csv.ts";
import { CsvButton } from "./csv-button.tsx";

/** One column: `value` is what is sorted and exported, `cell` what is seen. */
export type Column<Row> = {
  id: string;
  header: string;
  value: (row: Row) => CsvValue;
  cell?: (row: Row) => ReactNode;
  align?: "right";
  className?: string;
};

const rowHeight = 34;
const virtualFrom = 120;

/** CSV text of a table. */
export function tableCsv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return csv(
    columns.map(({ header }) => header),
    rows.map((row) => columns.map(({ value }) => value(row))),
  );
}

/** Title of a table's panel, for its toolbar: beside the CSV button, not above it. */
export function TableTitle({ id, title, children }: { id: string; title: ReactNode; children?: ReactNode }) {
  return (
    <div>
      <h2 id={id} className="font-semibold">
        {title}
      </h2>
      {children && <p className="text-sm text-muted">{children}</p>}
    </div>
  );
}

/** A table that sorts by its headers, draws only what is in sight when it is long, and saves itself as CSV. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  csvName,
  toolbar,
  empty = "Nothing to show.",
  maxHeight = 460,
  initialSort,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** File name without ending; no name, no button. */
  csvName?: string;
  toolbar?: ReactNode;
  empty?: string;
  maxHeight?: number;
  initialSort?: { id: string; desc: boolean };
}) {
  const [sorting, setSorting] = useState<SortingState>(initialSort ? [initialSort] : []);
  const definitions = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<Row> => ({
          id: column.id,
          header: column.header,
          accessorFn: column.value,
          cell: ({ row }) => (column.cell ? column.cell(row.original) : (column.value(row.original) ?? "–")),
          sortUndefined: "last",
        }),
      ),
    [columns],
  );
  const data = useMemo(() => [...rows], [rows]);
  const table = useReactTable({
    data,
    columns: definitions,
    state: { sorting },
    onSortingChange: setSorting,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = sorted.length > virtualFrom;
  const virtualizer = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    enabled: virtual,
  });
  const items = virtualizer.getVirtualItems();
  const shown = virtual ? items.map((item) => sorted[item.index]) : sorted;
  const above = virtual && items.length ? items[0].start : 0;
  const below = virtual && items.length ? virtualizer.getTotalSize() - items[items.length - 1].end : 0;
  const column = (id: string) => columns.find((candidate) => candidate.id === id)!;

  return (
    <div className="min-w-0">
      {(toolbar || csvName) && (
        <div className="mb-2 flex items-start justify-between gap-2">
          <div className="flex min-w-0 flex-1 flex-wrap items-center gap-2">{toolbar}</div>
          {csvName && <CsvButton name={csvName} label={label} text={() => tableCsv(columns, rows)} />}
        </div>
      )}
      <section
        ref={scroller}
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="scroll-x overflow-y-auto rounded-md border"
        style={{ maxHeight }}
      >
        <table
          className="w-full border-collapse text-sm"
          aria-rowcount={virtual ? sorted.length + 1 : undefined}
        >
          <thead className="sticky top-0 z-10 bg-surface shadow-[inset_0_-1px_0_var(--line)]">
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header) => {
                  const direction = header.column.getIsSorted();
                  const right = column(header.id).align === "right";
                  return (
                    <th
                      key={header.id}
                      scope="col"
                      aria-sort={
                        direction === "asc" ? "ascending" : direction === "desc" ? "descending" : "none"
                      }
                      className={clsx("p-0 font-medium text-muted", right ? "text-right" : "text-left")}
                    >
                      <button
                        type="button"
                        onClick={header.column.getToggleSortingHandler()}
                        className={clsx(
                          "inline-flex h-8 w-full items-center gap-1 px-3 whitespace-nowrap hover:text-ink focus-visible:-outline-offset-2",
                          right && "justify-end",
                        )}
                      >
                        {flexRender(header.column.columnDef.header, header.getContext())}
                        {direction === "asc" && <ArrowUp size={12} aria-hidden />}
                        {direction === "desc" && <ArrowDown size={12} aria-hidden />}
                      </button>
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {above > 0 && (
              <tr>
                <td colSpan={columns.length} style={{ height: above }} />
              </tr>
            )}
            {shown.map((row) => (
              <tr
                key={row.id}
                className="border-t border-line first:border-t-0 hover:bg-sunken/60"
                style={virtual ? { height: rowHeight } : undefined}
              >
                {row.getVisibleCells().map((cell) => {
                  const { align, className } = column(cell.column.id);
                  return (
                    <td
                      key={cell.id}
                      className={clsx(
                        "px-3 py-1.5",
                        align === "right" && "text-right tabular-nums",
                        className,
                      )}
                    >
                      {flexRender(cell.column.columnDef.cell, cell.getContext())}
                    </td>
                  );
                })}
              </tr>
            ))}
            {below > 0 && (
              <tr>
                <td colSpan={columns.length} style={{ height: below }} />
              </tr>
            )}
            {sorted.length === 0 && (
              <tr>
                <td colSpan={columns.length} className="px-3 py-6 text-center text-muted">
                  {empty}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </section>
    </div>
  );
}
