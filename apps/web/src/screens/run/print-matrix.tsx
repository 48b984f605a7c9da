"use client";

import { colourAt, cssColour, readableInk, sequentialTable } from "../../plots/colour-scales.ts";
import { type ClassConceptValues, classConceptTables } from "../../runs/class-concept-table.ts";

/** A matrix as a table with shaded cells; `shade` of a cell is in [0, 1], null is not shaded. */
function PrintMatrix({
  label,
  corner,
  rows,
  columns,
  cell,
}: {
  label: string;
  /** Names what the rows are. */
  corner: string;
  rows: readonly string[];
  columns: readonly string[];
  cell: (row: number, column: number) => { text: string; shade: number | null };
}) {
  const table = sequentialTable("light");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className="scroll-x print:overflow-visible">
      <table className="w-full table-fixed border-collapse text-xs">
        <thead>
          <tr className="text-muted">
            <th scope="col" className="w-24 py-1 pr-2 text-left font-medium">
              {corner}
            </th>
            {columns.map((name) => (
              <th key={name} scope="col" className="px-0.5 py-1 text-center font-medium break-words">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((name, row) => (
            <tr key={name}>
              <th scope="row" className="py-px pr-2 text-left font-normal">
                {name}
              </th>
              {columns.map((column, at) => {
                const { text, shade } = cell(row, at);
                const colour = shade === null ? null : colourAt(table, 0, 1, shade);
                return (
                  <td
                    key={column}
                    className="border border-surface py-px text-center tabular-nums"
                    style={colour ? { background: cssColour(colour), color: readableInk(colour) } : undefined}
                  >
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type Pair = { readonly trueClass: string; readonly predictedClass: string; readonly inputs: number };

/** Most classes whose confusions stand on one sheet's width. */
export const mostConfused = 16;

/** Counts of true against predicted class, shaded by their share of the row, stretched at the low end. */
export function PrintConfusions({ classes, pairs }: { classes: readonly string[]; pairs: readonly Pair[] }) {
  const inputs = new Map(pairs.map((pair) => [`${pair.trueClass}\n${pair.predictedClass}`, pair.inputs]));
  const of = (row: number, column: number) => inputs.get(`${classes[row]}\n${classes[column]}`) ?? 0;
  const totals = classes.map((_, row) => classes.reduce((sum, _, column) => sum + of(row, column), 0));
  return (
    <PrintMatrix
      label="Confusion matrix"
      corner="True \ predicted"
      rows={classes}
      columns={classes}
      cell={(row, column) => {
        const found = of(row, column);
        return found === 0
          ? { text: "·", shade: null }
          : { text: String(found), shade: Math.sqrt(found / totals[row]) };
      }}
    />
  );
}

/** Most concepts and classes on one sheet's width. */
const mostConcepts = 60;
const mostClasses = 12;

/** Win rates as tables with shaded cells. */
export function PrintClassConcepts({ view }: { view: ClassConceptValues }) {
  return (
    <div className="grid gap-4">
      {view.axis.length > mostConcepts && (
        <p className="text-xs text-muted">
          The {mostConcepts} of {view.axis.length} concepts that differ most between the classes; the
          dashboard exports all of them as CSV.
        </p>
      )}
      {classConceptTables(view, mostConcepts, mostClasses).map(({ classes, rows }) => (
        <PrintMatrix
          key={classes[0]}
          label={`Win rates in ${classes[0]} to ${classes[classes.length - 1]}`}
          corner="Concept"
          rows={rows.map(({ concept }) => concept)}
          columns={classes}
          cell={(row, column) => {
            const value = rows[row].values[column];
            return { text: value === null ? "–" : value.toFixed(2), shade: value };
          }}
        />
      ))}
    </div>
  );
}
