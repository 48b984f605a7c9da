"use client";

import Link from "next/link";
import { useRef, useState } from "react";
import { count, percent } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { fittingLabel, textWidth } from "../../plots/label-text.ts";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { svgText } from "../../plots/svg-file.ts";
import { FaultShape, faultLooks } from "../../runs/marks.tsx";
import { inputsHref } from "../../runs/verdict-address.ts";
import { Button } from "../../ui/button.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { useWidth } from "../../ui/use-width.ts";

export const classFaultsFragment = graphql(`
  fragment ClassFaults on FaultReport @_unmask {
    classes {
      class
      inputs
      correct
      accuracy { value low high }
      encoderFaults { count share { value low high } }
      headFaults { count share { value low high } }
      undecidedFaults { count share { value low high } }
    }
  }
`);

type ClassRow = ResultOf<typeof classFaultsFragment>["classes"][number];

const columns: Column<ClassRow>[] = [
  { id: "class", header: "Class", value: (row) => row.class },
  { id: "inputs", header: "Inputs", align: "right", value: (row) => row.inputs },
  {
    id: "accuracy",
    header: "Accuracy",
    align: "right",
    value: (row) => row.accuracy?.value,
    cell: (row) => percent(row.accuracy?.value),
  },
  {
    id: "low",
    header: "Low",
    align: "right",
    value: (row) => row.accuracy?.low,
    cell: (row) => percent(row.accuracy?.low),
  },
  {
    id: "high",
    header: "High",
    align: "right",
    value: (row) => row.accuracy?.high,
    cell: (row) => percent(row.accuracy?.high),
  },
  { id: "encoder", header: "Encoder", align: "right", value: (row) => row.encoderFaults.count },
  { id: "head", header: "Head", align: "right", value: (row) => row.headFaults.count },
  { id: "undecided", header: "Undecided", align: "right", value: (row) => row.undecidedFaults.count },
];

const rowHeight = 38;
const barHeight = 24;
const labelSize = 12;
const shownAtFirst = 15;

const parts = [
  { fault: "ENCODER", of: (row: ClassRow) => row.encoderFaults },
  { fault: "HEAD", of: (row: ClassRow) => row.headFaults },
  { fault: "UNDECIDED", of: (row: ClassRow) => row.undecidedFaults },
] as const;

/** Misclassified inputs of each class, stacked by fault; the bar's length is the class's error rate. */
export function ClassFaults({
  runId,
  report,
}: {
  runId: string;
  report: ResultOf<typeof classFaultsFragment>;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const [frame, plotWidth] = useWidth<HTMLDivElement>();
  const [all, setAll] = useState(false);
  const everyRow = report.classes
    .filter(({ inputs }) => inputs > 0)
    .toSorted((a, b) => a.correct / a.inputs - b.correct / b.inputs);
  const rows = all ? everyRow : everyRow.slice(0, shownAtFirst);
  const largest = Math.max(0.02, ...rows.map((row) => 1 - row.correct / row.inputs));
  const labelWidth = Math.min(
    plotWidth * 0.35,
    textWidth(
      rows.map((row) => row.class),
      labelSize,
    ) + 16,
  );
  const room = plotWidth - labelWidth - 52;
  const height = rows.length * rowHeight;
  return (
    <PlotFrame
      title="Faults by class"
      description="Length: share of the class that is misclassified. Classes with most errors first."
      name="faults-by-class"
      columns={columns}
      rows={() => everyRow}
      svg={() => svg.current && svgText(svg.current)}
    >
      <ul className="mb-2 flex gap-4 text-xs text-muted" aria-label="Legend">
        {parts.map(({ fault }) => (
          <li key={fault} className="flex items-center gap-1.5">
            <FaultShape fault={fault} /> {faultLooks[fault].name}
          </li>
        ))}
      </ul>
      <div ref={frame}>
        {/* biome-ignore lint/a11y/useSemanticElements: SVG has no figure element */}
        <svg
          ref={svg}
          viewBox={`0 0 ${plotWidth} ${height}`}
          height={height}
          className="block w-full"
          role="group"
          aria-label="Faults by class as stacked bars"
        >
          <defs>
            <pattern
              id="undecided-hatch"
              width="5"
              height="5"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="2.4" height="5" fill="var(--undecided)" />
            </pattern>
          </defs>
          {rows.map((row, i) => {
            const y = i * rowHeight + (rowHeight - barHeight) / 2;
            const errors = row.inputs - row.correct;
            let x = labelWidth;
            return (
              <g key={row.class}>
                <text
                  x={labelWidth - 8}
                  y={y + barHeight / 2}
                  textAnchor="end"
                  dominantBaseline="central"
                  fontSize={labelSize}
                  fill="var(--ink)"
                >
                  {fittingLabel(row.class, labelWidth - 10, labelSize)}
                </text>
                {parts.map(({ fault, of }) => {
                  const share = of(row).count / row.inputs;
                  const width = (share / largest) * room;
                  const at = x;
                  x += width;
                  if (width === 0) return null;
                  const words = `${row.class}: ${faultLooks[fault].name} ${count(of(row).count)} of ${count(errors)} errors`;
                  return (
                    <Link
                      prefetch={false}
                      key={fault}
                      href={inputsHref(runId, { trueClass: row.class, fault: [fault] })}
                      aria-label={words}
                    >
                      <title>{words}</title>
                      <rect
                        x={at + 0.5}
                        y={y}
                        width={Math.max(1, width - 1)}
                        height={barHeight}
                        fill={fault === "UNDECIDED" ? "url(#undecided-hatch)" : faultLooks[fault].colour}
                      />
                    </Link>
                  );
                })}
                <text
                  x={x + 6}
                  y={y + barHeight / 2}
                  dominantBaseline="central"
                  fontSize="11.5"
                  fill="var(--muted)"
                >
                  {percent(errors / row.inputs)}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      {everyRow.length > rows.length && (
        <Button className="no-print mt-2" onClick={() => setAll(true)}>
          Show all {everyRow.length} classes
        </Button>
      )}
    </PlotFrame>
  );
}
