"use client";

import Link from "next/link";
import { decimal, percent } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { colourAt, cssColour, sequentialTable } from "../../plots/colour-scales.ts";
import { FaultShape } from "../../runs/marks.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { type Column, tableCsv } from "../../ui/data-table.tsx";
import { useTheme } from "../../ui/theme.tsx";

export const comparisonMatrixFragment = graphql(`
  fragment ComparisonMatrix on RunComparison @_unmask {
    matrix {
      run { id }
      modelVersion
      attackType
      accuracy { value low high }
      encoderShare { value low high }
      detectorAuroc { value low high }
    }
  }
`);

type Cell = ResultOf<typeof comparisonMatrixFragment>["matrix"][number];

const columns: Column<Cell>[] = [
  { id: "version", header: "Version", value: (cell) => cell.modelVersion },
  { id: "attack", header: "Attack", value: (cell) => cell.attackType ?? "clean" },
  { id: "accuracy", header: "Accuracy", value: (cell) => cell.accuracy?.value },
  { id: "auroc", header: "Detection AUROC", value: (cell) => cell.detectorAuroc?.value },
  { id: "encoder", header: "Encoder share", value: (cell) => cell.encoderShare?.value },
];

/** Version × attack: accuracy, detection AUROC and encoder share of the compared runs. */
export function ComparisonMatrix({ comparison }: { comparison: ResultOf<typeof comparisonMatrixFragment> }) {
  const theme = useTheme();
  const versions = [...new Set(comparison.matrix.map(({ modelVersion }) => modelVersion))];
  const attacks = [...new Set(comparison.matrix.map(({ attackType }) => attackType))].sort((a, b) =>
    (a ?? "").localeCompare(b ?? ""),
  );
  const scale = sequentialTable(theme);
  const value = (cell: Cell) => (
    <Link
      prefetch={false}
      href={`/runs/${encodeURIComponent(cell.run.id)}`}
      className="grid gap-0.5 rounded-md border border-l-4 px-3 py-2 hover:bg-sunken"
      style={{ borderLeftColor: cssColour(colourAt(scale, 0, 1, cell.accuracy?.value ?? 0)) }}
    >
      <span className="text-lg font-semibold tabular-nums">{percent(cell.accuracy?.value)}</span>
      <span className="text-xs text-muted tabular-nums">AUROC {decimal(cell.detectorAuroc?.value, 3)}</span>
      <span className="inline-flex items-center gap-1 text-xs text-muted tabular-nums">
        <FaultShape fault="ENCODER" size={8} /> encoder {percent(cell.encoderShare?.value, 0)}
      </span>
    </Link>
  );
  return (
    <section aria-labelledby="matrix" className="rounded-lg border bg-surface p-4 sm:p-5">
      <div className="mb-2 flex items-start justify-between gap-3">
        <div>
          <h2 id="matrix" className="font-semibold">
            Version × attack
          </h2>
          <p className="text-sm text-muted">Accuracy, detection AUROC and share of encoder faults.</p>
        </div>
        <CsvButton
          name="version-attack"
          label="Version × attack"
          text={() => tableCsv(columns, comparison.matrix)}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section aria-label="Version by attack" tabIndex={0} className="scroll-x">
        <table className="text-sm">
          <thead>
            <tr>
              <th scope="col">
                <span className="sr-only">Version</span>
              </th>
              {attacks.map((attack) => (
                <th key={attack ?? ""} scope="col" className="px-1 pb-1 text-left font-medium text-muted">
                  {attack ?? "clean"}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {versions.map((version) => (
              <tr key={version}>
                <th scope="row" className="pr-3 text-left font-medium whitespace-nowrap">
                  {version}
                </th>
                {attacks.map((attack) => {
                  const cell = comparison.matrix.find(
                    (candidate) => candidate.modelVersion === version && candidate.attackType === attack,
                  );
                  return (
                    <td key={attack ?? ""} className="min-w-36 p-1">
                      {cell ? value(cell) : <span className="px-3 text-faint">not compared</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
