"use client";

import { Download, Table2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useId, useState } from "react";
import { buttonClass } from "../ui/button.tsx";
import { type Column, DataTable, tableCsv } from "../ui/data-table.tsx";

// The menu and its positioning are a tenth of a page's script and seldom used.
const SaveMenu = lazy(() => import("./save-menu.tsx").then((module) => ({ default: module.SaveMenu })));

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
  const [saving, setSaving] = useState(false);
  const titleId = useId();
  const saveButton = (
    <button
      type="button"
      aria-haspopup="menu"
      aria-label={`Save ${title}`}
      title="Save"
      onClick={() => setSaving(true)}
      className={buttonClass("bare", "px-2")}
    >
      <Download size={15} aria-hidden />
    </button>
  );
  return (
    <figure aria-labelledby={titleId} className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <div className="mb-3 flex items-start gap-x-4">
        <figcaption className="min-w-0 flex-1">
          <h2 id={titleId} className="font-semibold">
            {title}
          </h2>
          {description && <p className="max-w-3xl text-sm text-muted">{description}</p>}
        </figcaption>
        <div className="no-print -mt-1 -mr-2 flex items-center">
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
          {saving ? (
            <Suspense fallback={saveButton}>
              <SaveMenu
                title={title}
                name={name}
                drawn={!asTable}
                svg={svg}
                csv={() => tableCsv(columns, rows())}
              />
            </Suspense>
          ) : (
            saveButton
          )}
        </div>
      </div>
      {toolbar && <div className="no-print mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">{toolbar}</div>}
      {asTable ? <DataTable label={title} columns={columns} rows={rows()} /> : children}
    </figure>
  );
}
