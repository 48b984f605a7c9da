"use client";

import { useCallback, useMemo, useRef, useState } from "react";
import { useQuery } from "urql";
import { count, decimal, probability, signedDecimal } from "../../format/number.ts";
import { graphql } from "../../graphql.ts";
import { alphabeticalOrder, clusteringOrder } from "../../plots/clustering-order.ts";
import { divergingLimit } from "../../plots/colour-scales.ts";
import { type Cell, Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import type { Scale } from "../../plots/scale-legend.tsx";
import { differentialFragment, hasDifferences } from "../../runs/differential-fragment.ts";
import type { Column } from "../../ui/data-table.tsx";
import { SegmentedControl } from "../../ui/form-controls.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";

const heatmapQuery = graphql(`
  query PairHeatmap($id: ID!, $kind: HeatmapKind!, $subset: HeatmapSubset!, $class: String) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        heatmap(kind: $kind, subset: $subset, class: $class) { inputs axis values counts }
      }
    }
  }
`);

const differentialQuery = graphql(
  `query DifferentialHeatmap($id: ID!, $class: String) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        differentialHeatmap(class: $class) {
          ...Differential
          minuendCounts
          subtrahendCounts
        }
      }
    }
  }
`,
  [differentialFragment],
);

export const pairKinds = {
  "ground-truth": { name: "Ground truth", kind: "GROUND_TRUTH", subset: "ALL" },
  "output-label": { name: "Output label", kind: "OUTPUT_LABEL", subset: "ALL" },
  correct: { name: "Correct", kind: "GROUND_TRUTH", subset: "CORRECT" },
  incorrect: { name: "Incorrect", kind: "GROUND_TRUTH", subset: "INCORRECT" },
  differential: { name: "Differential", kind: "GROUND_TRUTH", subset: "ALL" },
} as const;

type PairKind = keyof typeof pairKinds;

/** In the order of the choice. */
const orderedKinds: readonly PairKind[] = [
  "ground-truth",
  "output-label",
  "correct",
  "incorrect",
  "differential",
];

/** What one pair heatmap shows, whichever kind it is. */
type Matrix = {
  axis: readonly string[];
  values: readonly number[];
  scale: Scale;
  emphasised?: (cell: number) => boolean;
  note: string;
  words: (cell: number) => string;
};

type CellRow = { first: string; second: string; value: number; detail: string };

const columns: Column<CellRow>[] = [
  { id: "first", header: "Concept i", value: (row) => row.first },
  { id: "second", header: "Concept j", value: (row) => row.second },
  {
    id: "value",
    header: "Value",
    align: "right",
    value: (row) => row.value,
    cell: (row) => decimal(row.value),
  },
  { id: "detail", header: "Counts", value: (row) => row.detail },
];

/**
 * Concept × concept heatmap of a class (null: all classes). Cell (i, j) is the share of inputs in which concept i is
 * stronger than concept j, or for the differential the share among correct minus the share among incorrect inputs.
 */
export function PairHeatmap({
  runId,
  chosenClass,
  fixedKind,
}: {
  runId: string;
  chosenClass: string | null;
  fixedKind?: "differential";
}) {
  const [chosenKind, setKind] = useState<PairKind>("ground-truth");
  const [binarised, setBinarised] = useState<"means" | "binarised">("means");
  const [order, setOrder] = useState<"clustered" | "alphabetical">("clustered");
  const kind = fixedKind ?? chosenKind;
  const differential = kind === "differential";
  const heatmap = useRef<HeatmapHandle>(null);
  const [means, retryMeans] = useQuery({
    query: heatmapQuery,
    variables: { id: runId, kind: pairKinds[kind].kind, subset: pairKinds[kind].subset, class: chosenClass },
    pause: differential,
  });
  const [difference, retryDifference] = useQuery({
    query: differentialQuery,
    variables: { id: runId, class: chosenClass },
    pause: !differential,
  });

  const matrix = useMemo<Matrix | null>(() => {
    if (differential) {
      const data =
        difference.data?.node?.__typename === "Run" ? difference.data.node.differentialHeatmap : null;
      if (!data || !hasDifferences(data)) return null;
      const significant = (cell: number) => {
        const q = data.qValues[cell];
        return q !== null && q <= data.significanceLevel;
      };
      return {
        axis: data.axis,
        values: data.differences,
        scale: { kind: "diverging", limit: divergingLimit(data.differences) },
        emphasised: significant,
        note: `${count(data.minuendInputs)} correct and ${count(data.subtrahendInputs)} incorrect inputs · ${count(data.significantCells)} of ${count(data.testedCells)} tested cells are significant (q ≤ ${data.significanceLevel})`,
        words: (cell) =>
          `${signedDecimal(data.differences[cell])} · correct ${count(data.minuendCounts[cell])} of ${count(data.minuendInputs)}, incorrect ${count(data.subtrahendCounts[cell])} of ${count(data.subtrahendInputs)} · q ${data.qValues[cell] === null ? "not tested" : probability(data.qValues[cell])}`,
      };
    }
    const data = means.data?.node?.__typename === "Run" ? means.data.node.heatmap : null;
    if (!data) return null;
    return {
      axis: data.axis,
      values: binarised === "binarised" ? data.values.map((value) => (value > 0.5 ? 1 : 0)) : data.values,
      scale: { kind: "sequential" },
      note: `${count(data.inputs)} inputs`,
      words: (cell) =>
        `${decimal(data.values[cell])} · ${count(data.counts[cell])} of ${count(data.inputs)} inputs`,
    };
  }, [differential, means.data, difference.data, binarised]);

  const orders = useMemo(() => {
    if (!matrix) return null;
    const n = matrix.axis.length;
    return {
      clustered: clusteringOrder(matrix.values, n, n, 0),
      alphabetical: alphabeticalOrder(matrix.axis),
    };
  }, [matrix]);
  const words = useCallback(
    ({ row, column }: Cell) =>
      matrix
        ? `${matrix.axis[row]} > ${matrix.axis[column]}: ${matrix.words(row * matrix.axis.length + column)}`
        : "",
    [matrix],
  );
  const ofClass = chosenClass ?? "all classes";

  return (
    <PlotFrame
      title={fixedKind ? `Correct − incorrect of ${ofClass}` : `Concept × concept of ${ofClass}`}
      description={
        differential
          ? "Teal: “row > column” is more frequent when the answer is right. Brown: when it is wrong. Full colour and a dot: significant."
          : "Share of inputs in which the row's concept is stronger than the column's."
      }
      name={`${kind}-${chosenClass ?? "all"}`}
      columns={columns}
      rows={() =>
        matrix
          ? matrix.axis.flatMap((first, i) =>
              matrix.axis.map((second, j) => ({
                first,
                second,
                value: matrix.values[i * matrix.axis.length + j],
                detail: matrix.words(i * matrix.axis.length + j),
              })),
            )
          : []
      }
      svg={() => heatmap.current?.svg() ?? null}
      toolbar={
        <>
          {!fixedKind && (
            <SegmentedControl
              label="Kind of heatmap"
              value={kind}
              onChange={setKind}
              options={orderedKinds.map((value) => ({
                value,
                label: pairKinds[value].name,
              }))}
            />
          )}
          {!differential && (
            <SegmentedControl
              label="Cell values"
              value={binarised}
              onChange={setBinarised}
              options={[
                { value: "means", label: "Means" },
                { value: "binarised", label: "Binarised", title: "1 where the mean is above 0.5" },
              ]}
            />
          )}
          <SegmentedControl
            label="Order"
            value={order}
            onChange={setOrder}
            options={[
              { value: "clustered", label: "Clustered" },
              { value: "alphabetical", label: "A–Z" },
            ]}
          />
        </>
      }
    >
      <Loaded<unknown>
        state={differential ? difference : means}
        retry={differential ? retryDifference : retryMeans}
        what="the heatmap"
        skeleton={<Skeleton className="h-96" />}
      >
        {() =>
          matrix && orders ? (
            <>
              <Heatmap
                ref={heatmap}
                label={`${pairKinds[kind].name} heatmap of ${ofClass}, ${matrix.axis.length} concepts. ${matrix.note}`}
                rowLabels={matrix.axis}
                columnLabels={matrix.axis}
                values={matrix.values}
                scale={matrix.scale}
                emphasised={matrix.emphasised}
                rowOrder={orders[order]}
                columnOrder={orders[order]}
                square
                describe={words}
              />
              <p className="mt-1 text-xs text-muted tabular-nums">{matrix.note}</p>
            </>
          ) : (
            <EmptyState title={`No such inputs of ${ofClass}`}>
              <p>The class has no input of this kind in the run, so there is nothing to average.</p>
            </EmptyState>
          )
        }
      </Loaded>
    </PlotFrame>
  );
}
