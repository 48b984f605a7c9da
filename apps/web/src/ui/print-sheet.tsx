"use client";

import { Printer } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useEffect } from "react";
import { moment } from "../format/time.ts";
import { Button, buttonClass } from "./button.tsx";
import type { Column } from "./data-table.tsx";
import { FixedTheme } from "./theme.tsx";

/** A report as a sheet that prints on A4; on the screen with a line of what can be done with it. */
export function PrintSheet({
  title,
  back,
  wide = false,
  children,
}: {
  title: string;
  back: string;
  /** Landscape. */
  wide?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Faultline`;
  }, [title]);
  return (
    <>
      <div className="no-print mx-auto mb-4 flex max-w-[297mm] flex-wrap items-center justify-between gap-3">
        <Link href={back} className={buttonClass("bare", "-ml-3")}>
          ← Back to the dashboard
        </Link>
        <Button look="primary" onClick={() => print()}>
          <Printer size={14} aria-hidden /> Print or save as PDF
        </Button>
      </div>
      <article
        className={`print-sheet mx-auto grid grid-cols-[minmax(0,1fr)] gap-5 rounded-lg border p-4 text-sm sm:p-[13mm] ${wide ? "print-sheet-wide" : ""}`}
      >
        <FixedTheme theme="light">{children}</FixedTheme>
        <footer className="border-t pt-2 text-xs break-all text-muted">
          Faultline · {location.origin}
          {back} · printed {moment(new Date().toISOString())}
        </footer>
      </article>
    </>
  );
}

export function PrintSection({
  title,
  note,
  together = false,
  children,
}: {
  title: string;
  note?: ReactNode;
  /** Stands on one sheet, as figures do. */
  together?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={`min-w-0 ${together ? "break-inside-avoid" : ""}`}>
      <h2 className="text-lg font-semibold tracking-tight">{title}</h2>
      {note && <p className="mb-1 break-after-avoid text-xs text-muted">{note}</p>}
      {children}
    </section>
  );
}

/** A plain table, all of it; its head is repeated on each sheet. */
export function PrintTable<Row>({
  label,
  columns,
  rows,
  empty = "None.",
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  empty?: string;
}) {
  if (rows.length === 0) return <p className="text-muted">{empty}</p>;
  const side = (column: Column<Row>) => (column.align === "right" ? "text-right tabular-nums" : "text-left");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className="scroll-x print:overflow-visible">
      <table className="w-full border-collapse text-xs">
        <thead>
          <tr className="border-b border-line-strong text-muted">
            {columns.map((column) => (
              <th key={column.id} scope="col" className={`py-1 pr-3 font-medium last:pr-0 ${side(column)}`}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows of a sheet never change their order
            <tr key={i} className="border-b align-top">
              {columns.map((column) => (
                <td
                  key={column.id}
                  className={`py-0.5 pr-3 last:pr-0 ${side(column)} ${column.className ?? ""}`}
                >
                  {column.cell ? column.cell(row) : (column.value(row) ?? "–")}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Names and values in two columns. */
export function PrintFacts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="break-words tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
