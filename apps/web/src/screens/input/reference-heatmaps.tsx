"use client";

import { useMemo, useRef } from "react";
import { decimal, score } from "../../format/number.ts";
import { clusteringOrder } from "../../plots/clustering-order.ts";
import { Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { joinedSvg } from "../../plots/joined-svg.ts";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { ScaleLegend } from "../../plots/scale-legend.tsx";
import { pageColours } from "../../plots/svg-file.ts";
import type { Column } from "../../ui/data-table.tsx";

const sequential = { kind: "sequential" } as const;

type CellRow = {
  first: string;
  second: string;
  own: number;
  correct: number | null;
  incorrect: number | null;
};

const share = (id: string, header: string, value: (row: CellRow) => number | null): Column<CellRow> => ({
  id,
  header,
  align: "right",
  value,
  cell: (row) => decimal(value(row), 2),
});

const columns: Column<CellRow>[] = [
  { id: "first", header: "Concept i", value: (row) => row.first },
  { id: "second", header: "Concept j", value: (row) => row.second },
  { id: "own", header: "This input", align: "right", value: (row) => row.own },
  share("correct", "Correct", (row) => row.correct),
  share("incorrect", "Incorrect", (row) => row.incorrect),
];

/** The single-input heatmap between the two references that its score comes from, if any, all in one order. */
export function ReferenceHeatmaps({
  predictedClass,
  explanation,
}: {
  predictedClass: string;
  explanation: {
    axis: readonly string[];
    heatmap: readonly number[];
    /** Null, as what follows, without a detector. */
    correctReference: readonly number[] | null;
    incorrectReference: readonly number[] | null;
    pooledReference: boolean | null;
    similarityToCorrect: number | null;
    similarityToIncorrect: number | null;
  };
}) {
  const { axis, heatmap, correctReference, incorrectReference } = explanation;
  const n = axis.length;
  const handles = useRef<(HeatmapHandle | null)[]>([]);
  const order = useMemo(
    () => clusteringOrder(correctReference ?? heatmap, n, n, 0),
    [correctReference, heatmap, n],
  );
  const maps = [
    {
      name: `Correct ${predictedClass}`,
      note: `similarity ${score(explanation.similarityToCorrect)}`,
      values: correctReference,
    },
    { name: "This input", note: "1 where “row > column”", values: heatmap },
    {
      name: `Incorrect ${predictedClass}`,
      note: `similarity ${score(explanation.similarityToIncorrect)}`,
      values: incorrectReference,
    },
  ].flatMap(({ values, ...map }) => (values ? [{ ...map, values }] : []));
  return (
    <PlotFrame
      title="Heatmap beside its references"
      description={`The score is the similarity to incorrect minus the similarity to correct behaviour.${
        explanation.pooledReference
          ? ` Too few incorrect ${predictedClass} inputs in calibration: the references are pooled over all classes.`
          : ""
      }`}
      name="references"
      columns={columns}
      rows={() =>
        axis.flatMap((first, i) =>
          axis.map((second, j) => ({
            first,
            second,
            own: heatmap[i * n + j],
            correct: correctReference?.[i * n + j] ?? null,
            incorrect: incorrectReference?.[i * n + j] ?? null,
          })),
        )
      }
      svg={() => {
        const drawings = maps.flatMap(({ name, note }, i) => {
          const svg = handles.current[i]?.svg();
          return svg ? [{ caption: `${name}, ${note}`, svg }] : [];
        });
        return drawings.length > 0 ? joinedSvg(drawings, maps.length, pageColours()) : null;
      }}
    >
      <div className="grid gap-4 md:grid-cols-3">
        {maps.map(({ name, note, values }, i) => (
          <figure key={name} className="min-w-0">
            <figcaption className="mb-1 text-sm">
              <span className="font-medium">{name}</span>{" "}
              <span className="block text-xs text-muted tabular-nums">{note}</span>
            </figcaption>
            <Heatmap
              ref={(handle) => {
                handles.current[i] = handle;
              }}
              bare
              compact
              label={`${name}: heatmap of ${n} concepts`}
              rowLabels={axis}
              columnLabels={axis}
              values={values}
              scale={sequential}
              rowOrder={order}
              columnOrder={order}
              square
              describe={({ row, column }) =>
                `${axis[row]} > ${axis[column]}: this input ${heatmap[row * n + column]}, correct ${decimal(correctReference?.[row * n + column], 2)}, incorrect ${decimal(incorrectReference?.[row * n + column], 2)}`
              }
            />
          </figure>
        ))}
      </div>
      <div className="mt-3 text-xs text-muted">
        <ScaleLegend scale={sequential} />
      </div>
    </PlotFrame>
  );
}
