"use client";

import { useRef } from "react";
import { decimal } from "../../format/number.ts";
import { fittingLabel, textWidth } from "../../plots/label-text.ts";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { svgText } from "../../plots/svg-file.ts";
import type { Column } from "../../ui/data-table.tsx";
import { useWidth } from "../../ui/use-width.ts";

/** One axis entry of an input: its strength, the VLM's own, and the class's means. */
type StrengthRow = {
  phrase: string;
  strength: number;
  vlm: number;
  correct: number | null;
  incorrect: number | null;
};

const columns: Column<StrengthRow>[] = [
  { id: "phrase", header: "Concept", value: (row) => row.phrase },
  {
    id: "strength",
    header: "Strength",
    align: "right",
    value: (row) => row.strength,
    cell: (row) => decimal(row.strength),
  },
  {
    id: "vlm",
    header: "VLM's own",
    align: "right",
    value: (row) => row.vlm,
    cell: (row) => decimal(row.vlm),
  },
  {
    id: "correct",
    header: "Mean of correct",
    align: "right",
    value: (row) => row.correct,
    cell: (row) => decimal(row.correct),
  },
  {
    id: "incorrect",
    header: "Mean of incorrect",
    align: "right",
    value: (row) => row.incorrect,
    cell: (row) => decimal(row.incorrect),
  },
];

const labelSize = 11.5;
/** Most room for labels; longer ones are cut. */
const mostLabel = 180;
const rowHeight = 20;
const most = 40;

/**
 * Strengths of one input as bars; a tick marks the mean of the predicted class's correct inputs, an open circle the
 * mean of its incorrect ones. Rows are ordered by their distance from the correct mean.
 */
export function StrengthBars({
  predictedClass,
  axis,
  strengths,
  vlmStrengths,
  correctMeans,
  incorrectMeans,
}: {
  predictedClass: string;
  axis: readonly string[];
  strengths: readonly number[];
  vlmStrengths: readonly number[];
  correctMeans: readonly (number | null)[] | null;
  incorrectMeans: readonly (number | null)[] | null;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const [frame, width] = useWidth<HTMLDivElement>();
  const all = axis
    .map(
      (phrase, i): StrengthRow => ({
        phrase,
        strength: strengths[i],
        vlm: vlmStrengths[i],
        correct: correctMeans?.[i] ?? null,
        incorrect: incorrectMeans?.[i] ?? null,
      }),
    )
    .toSorted((a, b) => distance(b) - distance(a));
  const rows = all.slice(0, most);
  const values = rows.flatMap(({ strength, correct, incorrect }) => [strength, correct ?? 0, incorrect ?? 0]);
  const low = Math.min(0, ...values);
  const high = Math.max(0.01, ...values);
  const phrases = rows.map(({ phrase }) => phrase);
  const labelWidth = Math.min(mostLabel, width * 0.4, textWidth(phrases, labelSize) + 14);
  const x = (value: number) => labelWidth + ((value - low) / (high - low)) * (width - labelWidth - 48);
  const height = rows.length * rowHeight + 4;
  return (
    <PlotFrame
      title="Strengths"
      description={`${correctMeans ? `Furthest from correct ${predictedClass} inputs first.` : `Largest first; the run has no correct ${predictedClass} input to hold them against.`}${all.length > most ? ` The first ${most} of ${all.length}; all are in the table.` : ""}`}
      name="strengths"
      columns={columns}
      rows={() => all}
      svg={() => svg.current && svgText(svg.current)}
    >
      <ul className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted" aria-label="Legend">
        <li className="flex items-center gap-1.5">
          <span className="h-2.5 w-4 bg-surplus/60" aria-hidden /> this input
        </li>
        {correctMeans && (
          <li className="flex items-center gap-1.5">
            <span className="h-3 w-0.5 bg-ink" aria-hidden /> mean of correct
          </li>
        )}
        {incorrectMeans && (
          <li className="flex items-center gap-1.5">
            <span className="size-2.5 rounded-full border-[1.5px] border-ink" aria-hidden /> mean of incorrect
          </li>
        )}
      </ul>
      <div ref={frame}>
        <svg
          ref={svg}
          viewBox={`0 0 ${width} ${height}`}
          height={height}
          className="block w-full"
          role="img"
          aria-label={`Strengths of ${rows.length} concepts against the means of ${predictedClass}`}
        >
          <line x1={x(0)} x2={x(0)} y1={0} y2={height} stroke="var(--line-strong)" />
          {rows.map((row, i) => {
            const middle = i * rowHeight + rowHeight / 2 + 2;
            return (
              <g key={row.phrase}>
                <title>
                  {`${row.phrase}: ${decimal(row.strength)}, mean of correct ${decimal(row.correct)}, of incorrect ${decimal(row.incorrect)}`}
                </title>
                <text
                  x={labelWidth - 8}
                  y={middle}
                  textAnchor="end"
                  dominantBaseline="central"
                  fontSize={labelSize}
                  fill="var(--ink)"
                >
                  {fittingLabel(row.phrase, labelWidth - 10, labelSize)}
                </text>
                <rect
                  x={Math.min(x(0), x(row.strength))}
                  y={middle - 6}
                  width={Math.abs(x(row.strength) - x(0))}
                  height={12}
                  fill="var(--surplus)"
                  fillOpacity={0.6}
                />
                {row.correct !== null && (
                  <rect x={x(row.correct) - 1} y={middle - 8} width={2} height={16} fill="var(--ink)" />
                )}
                {row.incorrect !== null && (
                  <circle
                    cx={x(row.incorrect)}
                    cy={middle}
                    r={3.6}
                    fill="none"
                    stroke="var(--ink)"
                    strokeWidth={1.5}
                  />
                )}
                <text
                  x={width - 2}
                  y={middle}
                  textAnchor="end"
                  dominantBaseline="central"
                  fontSize="11"
                  fill="var(--muted)"
                >
                  {decimal(row.strength, 2)}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
    </PlotFrame>
  );
}

function distance({ strength, correct }: StrengthRow): number {
  return Math.abs(strength - (correct ?? 0));
}
