"use client";

import { useCallback, useMemo, useRef, useState } from "react";
import { decimal } from "../../format/number.ts";
import { alphabeticalOrder, clusteringOrder } from "../../plots/clustering-order.ts";
import { divergingLimit } from "../../plots/colour-scales.ts";
import { type Cell, Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import type { Scale } from "../../plots/scale-legend.tsx";
import { type Column, DataTable, TableTitle } from "../../ui/data-table.tsx";
import { SegmentedControl } from "../../ui/form-controls.tsx";
import { type RedundantPair, redundantPairs } from "./redundant-pairs.ts";

const columns: Column<RedundantPair>[] = [
  { id: "first", header: "Concept", value: (row) => row.first },
  { id: "second", header: "and", value: (row) => row.second },
  {
    id: "cosine",
    header: "Cosine",
    align: "right",
    value: (row) => row.cosine,
    cell: (row) => decimal(row.cosine),
  },
];

/** Pairs shown in the table; the exports hold all. */
const mostPairs = 50;

/** Cosines between the concept vectors: pairs that are nearly the same vector say the same thing twice. */
export function ConceptRedundancy({
  axis,
  cosines,
}: {
  axis: readonly string[];
  cosines: readonly number[];
}) {
  const [order, setOrder] = useState<"clustered" | "alphabetical">("clustered");
  const heatmap = useRef<HeatmapHandle>(null);
  const pairs = useMemo(() => redundantPairs(axis, cosines), [axis, cosines]);
  const shownOrder = useMemo(
    () =>
      order === "alphabetical"
        ? alphabeticalOrder(axis)
        : clusteringOrder(cosines, axis.length, axis.length, 0),
    [axis, cosines, order],
  );
  // The diagonal is 1 by definition and would flatten the scale of what is to be seen.
  const scale = useMemo<Scale>(
    () =>
      pairs.some(({ cosine }) => cosine < 0)
        ? { kind: "diverging", limit: divergingLimit(pairs.map(({ cosine }) => cosine)) }
        : { kind: "sequential" },
    [pairs],
  );
  const words = useCallback(
    ({ row, column }: Cell) =>
      `${axis[row]} and ${axis[column]}: cosine ${decimal(cosines[row * axis.length + column])}`,
    [axis, cosines],
  );
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <PlotFrame
        title="Redundancy"
        description="Cosine between concept vectors. Phrases near 1 compete for the same strength: keep one of them."
        name="concept-redundancy"
        columns={columns}
        rows={() => pairs}
        svg={() => heatmap.current?.svg() ?? null}
        toolbar={
          <SegmentedControl
            label="Order"
            value={order}
            onChange={setOrder}
            options={[
              { value: "clustered", label: "Clustered" },
              { value: "alphabetical", label: "A–Z" },
            ]}
          />
        }
      >
        <Heatmap
          ref={heatmap}
          label={`Cosines between ${axis.length} concept vectors`}
          rowLabels={axis}
          columnLabels={axis}
          values={cosines}
          scale={scale}
          rowOrder={shownOrder}
          columnOrder={shownOrder}
          square
          describe={words}
        />
      </PlotFrame>
      <section aria-labelledby="redundant" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
        <DataTable
          toolbar={<TableTitle id="redundant" title="Most redundant pairs" />}
          label="Pairs by cosine"
          columns={columns}
          rows={pairs.slice(0, mostPairs)}
          csvName="redundant-pairs"
          maxHeight={560}
        />
      </section>
    </div>
  );
}
