"use client";

import { count, decimal, signedDecimal } from "../../format/number.ts";
import { hasDifferences } from "../../runs/differential-fragment.ts";
import { effectColumns } from "../../runs/effect-columns.tsx";
import { PrintDifferential } from "../../runs/print-differential.tsx";
import { shortRunName } from "../../runs/run-name.ts";
import type { Column } from "../../ui/data-table.tsx";
import { PrintSection, PrintTable } from "../../ui/print-sheet.tsx";
import type { ComparedRun, PrintedDifference } from "./comparison-print-query.ts";
import { type WinRateChange, winRateChanges } from "./win-rate-changes.ts";

/** Concepts and cells of each list of differences on paper. */
const mostConcepts = 15;

type Changed = PrintedDifference["regressions"]["edges"][number]["node"];

const changeColumns: Column<WinRateChange>[] = [
  { id: "class", header: "Class", value: (row) => row.class },
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "before",
    header: "Baseline",
    align: "right",
    value: (row) => row.before,
    cell: (row) => decimal(row.before, 2),
  },
  {
    id: "after",
    header: "Now",
    align: "right",
    value: (row) => row.after,
    cell: (row) => decimal(row.after, 2),
  },
  {
    id: "change",
    header: "Change",
    align: "right",
    value: (row) => row.after - row.before,
    cell: (row) => signedDecimal(row.after - row.before, 2),
  },
];

const inputColumns: Column<Changed>[] = [
  { id: "input", header: "Input", value: (row) => row.externalId, className: "break-all" },
  { id: "true", header: "True", value: (row) => row.trueClass },
  { id: "predicted", header: "Predicted now", value: (row) => row.predictedClass },
  { id: "fault", header: "Fault", value: (row) => row.fault?.toLowerCase() },
];

/** What one run changed against the baseline: concepts, cells, and inputs that turned. */
export function DifferenceSheet({
  difference,
  name,
  baseline,
  run,
  ofClass,
}: {
  difference: PrintedDifference;
  name: string;
  baseline: ComparedRun;
  run: ComparedRun | null;
  ofClass: string;
}) {
  const heatmap = difference.differentialHeatmap;
  const concepts = heatmap?.responsibleConcepts.slice(0, mostConcepts) ?? [];
  const changes =
    baseline.classConceptView && run?.classConceptView
      ? winRateChanges(baseline.classConceptView, run.classConceptView, mostConcepts)
      : [];
  const lists = [
    {
      title: "Regressions",
      note: "Right in the baseline, wrong now",
      list: difference.regressions,
      columns: inputColumns,
    },
    {
      title: "Fixes",
      note: "Wrong in the baseline, right now",
      list: difference.fixes,
      columns: inputColumns.filter(({ id }) => id !== "fault"),
    },
  ];
  return (
    <PrintSection
      title={`${name} against ${shortRunName(baseline)}`}
      note={heatmap && heatmapNote(heatmap, ofClass)}
    >
      <div className="grid items-start gap-x-6 gap-y-4 pt-1 sm:grid-cols-2 print:grid-cols-2">
        {heatmap && hasDifferences(heatmap) && heatmap.testedCells > 0 && (
          <PrintDifferential label={`${name} minus the baseline`} heatmap={heatmap} />
        )}
        <div>
          <h3 className="font-medium">Responsible concepts</h3>
          <PrintTable
            label={`Responsible concepts, ${name}`}
            columns={effectColumns(concepts).filter(({ id }) => id !== "interval")}
            rows={concepts}
            empty="No significant change."
          />
        </div>
        <div className="sm:col-span-2 print:col-span-2">
          <h3 className="font-medium">Largest changes of class × concept win rates</h3>
          <PrintTable
            label={`Changes of win rates, ${name}`}
            columns={changeColumns}
            rows={changes}
            empty="None, or the runs share no concept."
          />
        </div>
        {lists.map(({ title, note, list, columns }) => (
          <div key={title}>
            <h3 className="font-medium">
              {title}: {count(list.totalCount)}
            </h3>
            <p className="text-xs text-muted">
              {note}
              {list.totalCount > list.edges.length && `; the first ${count(list.edges.length)}`}.
            </p>
            <PrintTable
              label={`${title}, ${name}`}
              columns={columns}
              rows={list.edges.map(({ node }) => node)}
            />
          </div>
        ))}
      </div>
    </PrintSection>
  );
}

function heatmapNote(
  { testedCells, significantCells }: { testedCells: number; significantCells: number },
  ofClass: string,
): string {
  if (testedCells === 0)
    return `Both read the shared inputs of ${ofClass} alike: no cell of the differential heatmap differs.`;
  return `Differential heatmap of ${ofClass}: ${count(significantCells)} of ${count(testedCells)} tested cells are significant. Teal: more frequent now; brown: less.`;
}
