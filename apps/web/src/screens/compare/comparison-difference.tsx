"use client";

import { useMemo, useRef } from "react";
import { useQuery } from "urql";
import { count, probability, signedDecimal } from "../../format/number.ts";
import { graphql } from "../../graphql.ts";
import { alphabeticalOrder, clusteringOrder } from "../../plots/clustering-order.ts";
import { divergingLimit } from "../../plots/colour-scales.ts";
import { Heatmap, type HeatmapHandle } from "../../plots/heatmap.tsx";
import { PlotFrame } from "../../plots/plot-frame.tsx";
import { differentialFragment, hasDifferences } from "../../runs/differential-fragment.ts";
import {
  ResponsibleConceptList,
  responsibleColumns,
  responsibleConceptFragment,
} from "../../runs/responsible-concepts.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { type Column, tableCsv } from "../../ui/data-table.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";

const differenceQuery = graphql(
  `query ComparisonDifference($ids: [ID!]!, $class: String) {
    compareRuns(ids: $ids) {
      __typename
      ... on RunComparison {
        differences {
          run { id }
          differentialHeatmap(trueClass: $class) {
            ...Differential
            responsibleConcepts { ...ResponsibleConceptRow }
          }
        }
      }
      ... on Error { message }
    }
  }`,
  [differentialFragment, responsibleConceptFragment],
);

type CellRow = { first: string; second: string; difference: number; q: number | null };

const columns: Column<CellRow>[] = [
  { id: "first", header: "Concept i", value: (row) => row.first },
  { id: "second", header: "Concept j", value: (row) => row.second },
  {
    id: "difference",
    header: "Difference",
    align: "right",
    value: (row) => row.difference,
    cell: (row) => signedDecimal(row.difference),
  },
  { id: "q", header: "q", align: "right", value: (row) => row.q, cell: (row) => probability(row.q) },
];

/** One run's heatmap minus the baseline's, on shared inputs, with the concepts that changed most. */
export function ComparisonDifference({
  ids,
  against,
  names,
  chosenClass,
  order,
}: {
  ids: readonly string[];
  against: number;
  names: readonly string[];
  chosenClass: string | null;
  order: "clustered" | "alphabetical";
}) {
  const other = ids[against];
  const pair = [ids[0], other];
  const [state, retry] = useQuery({ query: differenceQuery, variables: { ids: pair, class: chosenClass } });
  const heatmap = useRef<HeatmapHandle>(null);
  const result = state.data?.compareRuns;
  const found = result?.__typename === "RunComparison" ? result.differences[0]?.differentialHeatmap : null;
  const data = found && hasDifferences(found) ? found : null;
  const shownOrder = useMemo(() => {
    if (!data) return [];
    const n = data.axis.length;
    return order === "alphabetical"
      ? alphabeticalOrder(data.axis)
      : clusteringOrder(data.differences, n, n, 0);
  }, [data, order]);
  const scale = useMemo(
    () => ({ kind: "diverging" as const, limit: divergingLimit(data?.differences ?? []) }),
    [data],
  );
  const emphasised = useMemo(
    () =>
      data
        ? (cell: number) => {
            const q = data.qValues[cell];
            return q !== null && q <= data.significanceLevel;
          }
        : undefined,
    [data],
  );
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <PlotFrame
        title={`${names[against]} − ${names[0]}`}
        description="Teal: “row > column” became more frequent. Brown: less. Full colour and a dot: significant."
        name={`difference-${chosenClass ?? "all"}`}
        columns={columns}
        rows={() =>
          data
            ? data.axis.flatMap((first, i) =>
                data.axis.map((second, j) => ({
                  first,
                  second,
                  difference: data.differences[i * data.axis.length + j],
                  q: data.qValues[i * data.axis.length + j],
                })),
              )
            : []
        }
        svg={() => heatmap.current?.svg() ?? null}
      >
        <Loaded state={state} retry={retry} what="the difference" skeleton={<Skeleton className="h-96" />}>
          {() =>
            data ? (
              <>
                <Heatmap
                  ref={heatmap}
                  label={`Heatmap of ${names[against]} minus ${names[0]}`}
                  rowLabels={data.axis}
                  columnLabels={data.axis}
                  values={data.differences}
                  scale={scale}
                  emphasised={emphasised}
                  rowOrder={shownOrder}
                  columnOrder={shownOrder}
                  square
                  describe={({ row, column }) => {
                    const cell = row * data.axis.length + column;
                    return `${data.axis[row]} > ${data.axis[column]}: ${signedDecimal(data.differences[cell])}, q ${data.qValues[cell] === null ? "not tested" : probability(data.qValues[cell])}`;
                  }}
                />
                <p className="mt-1 text-xs text-muted tabular-nums">
                  {count(data.minuendInputs)} against {count(data.subtrahendInputs)} inputs ·{" "}
                  {count(data.significantCells)} of {count(data.testedCells)} tested cells are significant (q
                  ≤ {data.significanceLevel})
                </p>
              </>
            ) : (
              <EmptyState title="No difference heatmap">
                <p>
                  The two runs share no concept axis or no input{chosenClass ? ` of ${chosenClass}` : ""}.
                </p>
              </EmptyState>
            )
          }
        </Loaded>
      </PlotFrame>
      <section aria-labelledby="changed-concepts" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
        <div className="mb-2 flex items-start justify-between gap-3">
          <div>
            <h2 id="changed-concepts" className="font-semibold">
              Concepts that changed
            </h2>
            <p className="text-sm text-muted">Above 0: wins more often than in the baseline.</p>
          </div>
          {data && data.responsibleConcepts.length > 0 && (
            <CsvButton
              name="changed-concepts"
              label="Concepts that changed"
              text={() => tableCsv(responsibleColumns, data.responsibleConcepts)}
            />
          )}
        </div>
        {data && data.responsibleConcepts.length > 0 ? (
          <ResponsibleConceptList runId={other} rows={data.responsibleConcepts} chosenClass={chosenClass} />
        ) : (
          <p className="text-sm text-muted">No significant change.</p>
        )}
      </section>
    </div>
  );
}
