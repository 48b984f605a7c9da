"use client";

import { useMemo, useRef } from "react";
import { useQuery } from "urql";
import { count, decimal } from "../../format/number.ts";
import { graphql } from "../../graphql.ts";
import { alphabeticalOrder, clusteringOrder, columnClusteringOrder } from "../../plots/clustering-order.ts";
import { Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { joinedSvg } from "../../plots/joined-svg.ts";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { ScaleLegend } from "../../plots/scale-legend.tsx";
import { pageColours } from "../../plots/svg-file.ts";
import type { ComparisonState } from "../../runs/comparison-address.ts";
import { type WinRateRow, winRateColumns } from "../../runs/win-rate-columns.ts";
import type { Column } from "../../ui/data-table.tsx";
import { SegmentedControl } from "../../ui/form-controls.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";

const viewsQuery = graphql(`
  query ComparedViews($ids: [ID!]!, $kind: HeatmapKind!) {
    nodes(ids: $ids) {
      __typename
      ... on Run { id classConceptView(kind: $kind) { classes axis inputs values } }
    }
  }
`);

const sequential = { kind: "sequential" } as const;

type CellRow = WinRateRow & { run: string };

const columns: Column<CellRow>[] = [{ id: "run", header: "Run", value: (row) => row.run }, ...winRateColumns];

/** The class × concept views of the runs as small multiples: one scale, and the baseline's order for all. */
export function ComparisonHeatmaps({
  runs,
  names,
  view,
  order,
  onView,
  onOrder,
}: {
  runs: readonly { id: string }[];
  names: readonly string[];
  view: ComparisonState["view"];
  order: ComparisonState["order"];
  onView: (view: ComparisonState["view"]) => void;
  onOrder: (order: ComparisonState["order"]) => void;
}) {
  const kind = view === "ground-truth" ? "GROUND_TRUTH" : "OUTPUT_LABEL";
  const ids = useMemo(() => runs.map(({ id }) => id), [runs]);
  const [state, retry] = useQuery({ query: viewsQuery, variables: { ids, kind } });
  const multiples = useMemo(() => {
    const views = (state.data?.nodes ?? []).map((node) =>
      node?.__typename === "Run" ? node.classConceptView : null,
    );
    const baseline = views[0];
    return views.map((own) => {
      if (!own) return null;
      const like = baseline && baseline.axis.join("\n") === own.axis.join("\n") ? baseline : own;
      return {
        ...own,
        rows:
          order === "alphabetical"
            ? alphabeticalOrder(own.classes)
            : clusteringOrder(like.values, like.classes.length, like.axis.length),
        columns:
          order === "alphabetical"
            ? alphabeticalOrder(own.axis)
            : columnClusteringOrder(like.values, like.classes.length, like.axis.length),
      };
    });
  }, [state.data, order]);
  const handles = useRef<(HeatmapHandle | null)[]>([]);
  const drawings = () =>
    names.flatMap((caption, i) => {
      const svg = handles.current[i]?.svg();
      return svg ? [{ caption, svg }] : [];
    });
  return (
    <PlotFrame
      title="Class × concept, side by side"
      description="One scale and the baseline's order for all."
      name="class-concept-comparison"
      columns={columns}
      rows={() =>
        multiples.flatMap((own, i) =>
          own
            ? own.classes.flatMap((name, row) =>
                own.axis.map((concept, column) => ({
                  run: names[i],
                  class: name,
                  concept,
                  value: own.values[row * own.axis.length + column],
                  inputs: own.inputs[row],
                })),
              )
            : [],
        )
      }
      svg={() => {
        const drawn = drawings();
        return drawn.length > 0 ? joinedSvg(drawn, 2, pageColours()) : null;
      }}
      toolbar={
        <>
          <SegmentedControl
            label="Inputs of a class"
            value={view}
            onChange={onView}
            options={[
              { value: "ground-truth", label: "Ground truth" },
              { value: "output-label", label: "Output label" },
            ]}
          />
          <SegmentedControl
            label="Order"
            value={order}
            onChange={onOrder}
            options={[
              { value: "clustered", label: "Clustered" },
              { value: "alphabetical", label: "A–Z" },
            ]}
          />
          <span className="text-xs text-muted">
            <ScaleLegend scale={sequential} />
          </span>
        </>
      }
    >
      <Loaded state={state} retry={retry} what="the heatmaps" skeleton={<Skeleton className="h-80" />}>
        {() => (
          <div className="grid gap-x-5 gap-y-4 md:grid-cols-2 2xl:grid-cols-3">
            {multiples.map((own, i) => (
              <figure key={runs[i].id} className="min-w-0">
                <figcaption className="mb-1 text-sm font-medium">{names[i]}</figcaption>
                {own ? (
                  <Heatmap
                    ref={(handle) => {
                      handles.current[i] = handle;
                    }}
                    bare
                    label={`Class × concept win rates of ${names[i]}`}
                    rowLabels={own.classes}
                    columnLabels={own.axis}
                    values={own.values}
                    scale={sequential}
                    rowOrder={own.rows}
                    columnOrder={own.columns}
                    maxHeight={420}
                    describe={({ row, column }) =>
                      `${own.axis[column]} in ${own.classes[row]}: ${multiples
                        .map(
                          (other, k) =>
                            `${names[k]} ${decimal(other?.values[row * own.axis.length + column])}`,
                        )
                        .join(", ")} (${count(own.inputs[row])} inputs)`
                    }
                  />
                ) : (
                  <EmptyState title="No labelled input" />
                )}
              </figure>
            ))}
          </div>
        )}
      </Loaded>
    </PlotFrame>
  );
}
