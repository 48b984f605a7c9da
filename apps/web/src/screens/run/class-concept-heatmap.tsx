"use client";

import { useEffect, useMemo, useRef, useState } from "react";
import { useQuery } from "urql";
import { count, decimal } from "../../format/number.ts";
import { graphql } from "../../graphql.ts";
import { alphabeticalOrder, clusteringOrder, columnClusteringOrder } from "../../plots/clustering-order.ts";
import { type Cell, Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { winRateColumns } from "../../runs/win-rate-columns.ts";
import { SegmentedControl } from "../../ui/form-controls.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { Thumbnail } from "../../ui/thumbnail.tsx";

const viewQuery = graphql(`
  query ClassConceptView($id: ID!, $kind: HeatmapKind!) {
    node(id: $id) {
      __typename
      ... on Run { id classConceptView(kind: $kind) { classes axis inputs values } }
    }
  }
`);

const examplesQuery = graphql(`
  query CellExamples($id: ID!, $filter: VerdictFilter!, $concept: String!) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        verdicts(filter: $filter, first: 5) { edges { node { externalId input { id imageUrl } } } }
        topInputs(axis: $concept, first: 5) { input { id externalId imageUrl } }
      }
    }
  }
`);

type Kind = "GROUND_TRUTH" | "OUTPUT_LABEL";

export const kindNames = { GROUND_TRUTH: "Ground truth", OUTPUT_LABEL: "Output label" } as const;

/** Win rate of each concept in each class: what people look at first. */
export function ClassConceptHeatmap({ runId }: { runId: string }) {
  const [kind, setKind] = useState<Kind>("GROUND_TRUTH");
  const [order, setOrder] = useState<"clustered" | "alphabetical">("clustered");
  const [state, retry] = useQuery({ query: viewQuery, variables: { id: runId, kind } });
  const heatmap = useRef<HeatmapHandle>(null);
  const view = state.data?.node?.__typename === "Run" ? state.data.node.classConceptView : null;
  // Both at once: switching then costs no clustering.
  const orders = useMemo(() => {
    if (!view) return null;
    const { classes, axis, values } = view;
    return {
      clustered: {
        rows: clusteringOrder(values, classes.length, axis.length),
        columns: columnClusteringOrder(values, classes.length, axis.length),
      },
      alphabetical: { rows: alphabeticalOrder(classes), columns: alphabeticalOrder(axis) },
    };
  }, [view]);
  const words = ({ row, column }: Cell) =>
    view
      ? `${view.axis[column]} in ${view.classes[row]}: win rate ${decimal(view.values[row * view.axis.length + column])}, ${count(view.inputs[row])} inputs`
      : "";

  return (
    <PlotFrame
      title="Class × concept"
      description="How often a concept is stronger than the others in a class. A concept that should be dark in its class and is not was lost."
      name="class-concept"
      columns={winRateColumns}
      rows={() =>
        view
          ? view.classes.flatMap((name, row) =>
              view.axis.map((concept, column) => ({
                class: name,
                concept,
                value: view.values[row * view.axis.length + column],
                inputs: view.inputs[row],
              })),
            )
          : []
      }
      svg={() => heatmap.current?.svg() ?? null}
      toolbar={
        <>
          <SegmentedControl
            label="Inputs of a class"
            value={kind}
            onChange={setKind}
            options={[
              {
                value: "GROUND_TRUTH",
                label: kindNames.GROUND_TRUTH,
                title: "Inputs labelled with the class",
              },
              {
                value: "OUTPUT_LABEL",
                label: kindNames.OUTPUT_LABEL,
                title: "Inputs predicted as the class",
              },
            ]}
          />
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
      <Loaded
        state={state}
        retry={retry}
        what="the class × concept view"
        skeleton={<Skeleton className="h-72" />}
      >
        {() =>
          view && orders ? (
            <Heatmap
              ref={heatmap}
              label={`Win rates of ${view.axis.length} concepts in ${view.classes.length} classes`}
              rowLabels={view.classes}
              columnLabels={view.axis}
              values={view.values}
              scale={sequential}
              rowOrder={orders[order].rows}
              columnOrder={orders[order].columns}
              describe={words}
              card={(cell) => (
                <CellCard
                  runId={runId}
                  kind={kind}
                  className={view.classes[cell.row]}
                  concept={view.axis[cell.column]}
                  value={view.values[cell.row * view.axis.length + cell.column]}
                  inputs={view.inputs[cell.row]}
                />
              )}
            />
          ) : (
            <EmptyState title="No labelled input, so no class × concept view" />
          )
        }
      </Loaded>
    </PlotFrame>
  );
}

const sequential = { kind: "sequential" } as const;

/** Value, count and example pictures of a cell; the pictures are asked for once the pointer rests. */
function CellCard({
  runId,
  kind,
  className,
  concept,
  value,
  inputs,
}: {
  runId: string;
  kind: Kind;
  className: string;
  concept: string;
  value: number | null;
  inputs: number;
}) {
  const [resting, setResting] = useState<string | null>(null);
  const cell = `${className}\n${concept}`;
  useEffect(() => {
    const timer = setTimeout(() => setResting(cell), 180);
    return () => clearTimeout(timer);
  }, [cell]);
  const ofClass = kind === "GROUND_TRUTH" ? { trueClass: className } : { predictedClass: className };
  const [{ data, fetching }] = useQuery({
    query: examplesQuery,
    variables: { id: runId, filter: { ...ofClass, concept }, concept },
    pause: resting !== cell,
  });
  const run = resting === cell && data?.node?.__typename === "Run" ? data.node : null;
  const examples =
    run?.verdicts.edges.map(({ node }) => ({ ...node.input, externalId: node.externalId })) ?? [];
  const pictures = examples.length > 0 ? examples : (run?.topInputs.map(({ input }) => input) ?? []);
  return (
    <div className="grid gap-1">
      <p>
        <strong className="font-semibold">{concept}</strong>{" "}
        <span className="text-muted">in {className}</span>
      </p>
      <p className="tabular-nums">
        win rate <strong className="font-semibold">{decimal(value)}</strong>{" "}
        <span className="text-muted">· {count(inputs)} inputs</span>
      </p>
      <div className="mt-1 flex min-h-10 gap-1">
        {pictures.map((input) => (
          <Thumbnail key={input.id} imageUrl={input.imageUrl} alt={input.externalId} />
        ))}
        {!run && fetching && <span className="text-xs text-faint">…</span>}
      </div>
      {run && pictures.length > 0 && (
        <p className="text-xs text-muted">
          {examples.length > 0
            ? `${className} inputs where it spoke most`
            : `strongest “${concept}” of the run`}
        </p>
      )}
    </div>
  );
}
