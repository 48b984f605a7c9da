"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { useMemo, useRef } from "react";
import { count, percent } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { colourAt, cssColour, readableInk, sequentialTable } from "../../plots/colour-scales.ts";
import { Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { fittingLabel, textWidth } from "../../plots/label-text.ts";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { svgText } from "../../plots/svg-file.ts";
import { inputsHref } from "../../runs/verdict-address.ts";
import type { Column } from "../../ui/data-table.tsx";
import { useTheme } from "../../ui/theme.tsx";
import { useWidth } from "../../ui/use-width.ts";

export const confusionFragment = graphql(`
  fragment Confusion on FaultReport @_unmask {
    pairs {
      trueClass
      predictedClass
      inputs
      encoderFaults { count }
      headFaults { count }
      undecidedFaults { count }
    }
  }
`);

type Pair = ResultOf<typeof confusionFragment>["pairs"][number];

const columns: Column<Pair>[] = [
  { id: "true", header: "True class", value: (row) => row.trueClass },
  { id: "predicted", header: "Predicted class", value: (row) => row.predictedClass },
  { id: "inputs", header: "Inputs", align: "right", value: (row) => row.inputs },
  { id: "encoder", header: "Encoder", align: "right", value: (row) => row.encoderFaults.count },
  { id: "head", header: "Head", align: "right", value: (row) => row.headFaults.count },
  { id: "undecided", header: "Undecided", align: "right", value: (row) => row.undecidedFaults.count },
];

/** Up to here every cell shows its number; larger matrices go to the canvas. */
const drawnClasses = 24;
const labelSize = 12;
/** Most room for labels; longer ones are cut. */
const mostLabel = 110;

/** Counts of true against predicted class; a cell leads to its inputs. */
export function ConfusionMatrix({
  runId,
  classes,
  report,
}: {
  runId: string;
  classes: readonly string[];
  report: ResultOf<typeof confusionFragment>;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const canvas = useRef<HeatmapHandle>(null);
  const [frame, width] = useWidth<HTMLDivElement>();
  const label = Math.min(mostLabel, width * 0.24, textWidth(classes, labelSize) + 14);
  // Column labels are slanted by 45°: the last one stands out to the right.
  const labelOverhang = label * 0.5;
  const labelHeight = label * 0.8 + 6;
  const cell = Math.min(40, (width - label - labelOverhang) / classes.length);
  const router = useRouter();
  const theme = useTheme();
  const { shares, pairs } = useMemo(() => {
    const totals = new Map<string, number>();
    for (const pair of report.pairs)
      totals.set(pair.trueClass, (totals.get(pair.trueClass) ?? 0) + pair.inputs);
    const matrix = new Array<number>(classes.length ** 2).fill(0);
    const found = new Map<number, Pair>();
    for (const pair of report.pairs) {
      const at = classes.indexOf(pair.trueClass) * classes.length + classes.indexOf(pair.predictedClass);
      matrix[at] = pair.inputs / totals.get(pair.trueClass)!;
      found.set(at, pair);
    }
    return { shares: matrix, pairs: found };
  }, [classes, report]);
  const order = useMemo(() => classes.map((_, i) => i), [classes]);
  const scale = sequentialTable(theme);
  const size = label + cell * classes.length + labelOverhang;
  const height = labelHeight + cell * classes.length;
  const short = (name: string) => fittingLabel(name, label - 12, labelSize);
  const words = (row: number, column: number) => {
    const pair = pairs.get(row * classes.length + column);
    return `${classes[row]} taken for ${classes[column]}: ${count(pair?.inputs ?? 0)} inputs, ${percent(shares[row * classes.length + column])} of the class`;
  };

  return (
    <PlotFrame
      title="Confusion matrix"
      description="Rows: true class. Columns: predicted. Colour: share of the row, stretched at the low end. A cell leads to its inputs."
      name="confusion-matrix"
      columns={columns}
      rows={() => report.pairs}
      svg={() =>
        classes.length <= drawnClasses ? svg.current && svgText(svg.current) : (canvas.current?.svg() ?? null)
      }
    >
      <div ref={frame}>
        {classes.length > drawnClasses ? (
          <Heatmap
            ref={canvas}
            label="Confusion matrix, share of each true class"
            rowLabels={classes}
            columnLabels={classes}
            values={shares}
            scale={{ kind: "sequential" }}
            rowOrder={order}
            columnOrder={order}
            square
            describe={({ row, column }) => words(row, column)}
            onSelect={({ row, column }) =>
              router.push(inputsHref(runId, { trueClass: classes[row], predictedClass: classes[column] }))
            }
          />
        ) : (
          // biome-ignore lint/a11y/useSemanticElements: SVG has no figure element
          <svg
            ref={svg}
            viewBox={`0 0 ${size} ${height}`}
            width={size}
            height={height}
            className="mx-auto block"
            role="group"
            aria-label="Confusion matrix"
          >
            {classes.map((name, column) => (
              <text
                key={name}
                transform={`translate(${label + (column + 0.5) * cell} ${labelHeight - 6}) rotate(-45)`}
                fontSize={labelSize}
                fill="var(--muted)"
              >
                {short(name)}
              </text>
            ))}
            {classes.map((name, row) => (
              <g key={name} transform={`translate(0 ${labelHeight + row * cell})`}>
                <text
                  x={label - 8}
                  y={cell / 2}
                  textAnchor="end"
                  dominantBaseline="central"
                  fontSize={labelSize}
                  fill="var(--muted)"
                >
                  {short(name)}
                </text>
                {classes.map((predicted, column) => {
                  const pair = pairs.get(row * classes.length + column);
                  const share = shares[row * classes.length + column];
                  // The square root keeps rare confusions visible beside the diagonal.
                  const colour = colourAt(scale, 0, 1, Math.sqrt(share));
                  const x = label + column * cell;
                  if (!pair)
                    return (
                      <rect
                        key={predicted}
                        x={x + 1}
                        y={1}
                        width={cell - 2}
                        height={cell - 2}
                        fill="var(--sunken)"
                      />
                    );
                  return (
                    <Link
                      prefetch={false}
                      key={predicted}
                      href={inputsHref(runId, { trueClass: name, predictedClass: predicted })}
                      aria-label={words(row, column)}
                    >
                      <title>{words(row, column)}</title>
                      <rect
                        x={x + 1}
                        y={1}
                        width={cell - 2}
                        height={cell - 2}
                        fill={cssColour(colour)}
                        stroke={row === column ? "var(--line-strong)" : "none"}
                      />
                      <text
                        x={x + cell / 2}
                        y={cell / 2}
                        textAnchor="middle"
                        dominantBaseline="central"
                        fontSize={cell < 24 ? 9.5 : cell < 30 ? 10.5 : 12.5}
                        fill={readableInk(colour)}
                      >
                        {pair.inputs}
                      </text>
                    </Link>
                  );
                })}
              </g>
            ))}
          </svg>
        )}
      </div>
    </PlotFrame>
  );
}
