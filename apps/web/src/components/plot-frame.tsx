"use client";

import { Download, Table2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useId, useState } from "react";
import { buttonClass } from "./button.tsx";
import { type Column, DataTable, tableCsv } from "./data-table.tsx";
import { downloadFile, pngFromSvg } from "./download.ts";

/**
 * Frame of every plot: title, one line of how to read it, its controls, the same numbers as a table, and exports as
 * PNG, SVG and CSV.
 */
export function PlotFrame<Row>({
  title,
  description,
  toolbar,
  name,
  columns,
  rows,
  svg,
  children,
}: {
  title: string;
  description?: ReactNode;
  toolbar?: ReactNode;
  /** Of the exported files, without ending. */
  name: string;
  columns: readonly Column<Row>[];
  /** Called when the table is opened or exported: large plots have many cells. */
  rows: () => readonly Row[];
  /** The plot as an SVG file's text; null when it cannot be drawn now. */
  svg: () => string | null;
  children: ReactNode;
}) {
  const [asTable, setAsTable] = useState(false);
  const titleId = useId();
  const item =
    "cursor-pointer rounded px-3 py-1.5 text-sm outline-none data-[highlighted]:bg-sunken data-[highlighted]:text-ink";
  return (
    <figure aria-labelledby={titleId} className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <div className="mb-3 flex flex-wrap items-start gap-x-4 gap-y-2">
        <figcaption className="min-w-[min(100%,16rem)] flex-1">
          <h2 id={titleId} className="font-semibold">
            {title}
          </h2>
          {description && <p className="max-w-prose text-sm text-muted">{description}</p>}
        </figcaption>
        <div className="no-print flex flex-wrap items-center gap-1">
          <button
            type="button"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
            title="Show as a table"
            aria-label={`${title} as a table`}
            className={buttonClass("bare", "px-2 aria-pressed:bg-sunken aria-pressed:text-ink")}
          >
            <Table2 size={15} aria-hidden />
          </button>
          <DropdownMenu.Root>
            <DropdownMenu.Trigger
              className={buttonClass("bare", "px-2")}
              aria-label={`Save ${title}`}
              title="Save"
            >
              <Download size={15} aria-hidden />
            </DropdownMenu.Trigger>
            <DropdownMenu.Portal>
              <DropdownMenu.Content
                align="end"
                sideOffset={4}
                className="z-40 min-w-32 rounded-md border bg-surface p-1 text-ink shadow-float"
              >
                <DropdownMenu.Item
                  className={item}
                  disabled={asTable}
                  onSelect={async () => {
                    const text = svg();
                    if (text) downloadFile(`${name}.png`, "image/png", await pngFromSvg(text));
                  }}
                >
                  PNG picture
                </DropdownMenu.Item>
                <DropdownMenu.Item
                  className={item}
                  disabled={asTable}
                  onSelect={() => {
                    const text = svg();
                    if (text) downloadFile(`${name}.svg`, "image/svg+xml", text);
                  }}
                >
                  SVG drawing
                </DropdownMenu.Item>
                <DropdownMenu.Item
                  className={item}
                  onSelect={() => downloadFile(`${name}.csv`, "text/csv", tableCsv(columns, rows()))}
                >
                  CSV table
                </DropdownMenu.Item>
              </DropdownMenu.Content>
            </DropdownMenu.Portal>
          </DropdownMenu.Root>
        </div>
      </div>
      {toolbar && <div className="no-print mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">{toolbar}</div>}
      {asTable ? <DataTable label={title} columns={columns} rows={rows()} /> : children}
    </figure>
  );
}
