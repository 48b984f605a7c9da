"use client";

import Link from "next/link";
import { useMemo } from "react";
import { useQuery } from "urql";
import { decimal } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { inputHref } from "../../runs/verdict-address.ts";
import { type Column, DataTable, TableTitle } from "../../ui/data-table.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { Thumbnail } from "../../ui/thumbnail.tsx";
import { nearestConcepts } from "./redundant-pairs.ts";

export const conceptReadingsFragment = graphql(`
  fragment ConceptReadings on Run @_unmask {
    id
    report { axis { phrase kind } fidelity { concept correlation } }
    conceptRedundancy { axis cosines }
  }
`);

const topInputsQuery = graphql(`
  query TopInputs($id: ID!, $concept: String!) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        topInputs(axis: $concept, first: 18) {
          strength
          predictedClass
          input { id externalId imageUrl trueClass }
        }
      }
    }
  }
`);

type Run = ResultOf<typeof conceptReadingsFragment>;
type Row = {
  concept: string;
  kind: string;
  correlation: number | null;
  nearest: string | null;
  cosine: number | null;
};

/** How well a run reads each phrase, and the inputs in which the chosen one is strongest. */
export function ConceptReadings({ run }: { run: Run }) {
  const rows = useMemo<Row[]>(() => {
    const redundancy = run.conceptRedundancy;
    const nearest = redundancy ? nearestConcepts(redundancy.axis, redundancy.cosines) : [];
    const place = new Map(redundancy?.axis.map((phrase, i) => [phrase, i]));
    const correlations = new Map(
      run.report?.fidelity.map(({ concept, correlation }) => [concept, correlation]),
    );
    return (run.report?.axis ?? []).map(({ phrase, kind }) => {
      const alike = nearest[place.get(phrase) ?? -1] ?? null;
      return {
        concept: phrase,
        kind: kind === "CLASS" ? "class" : "concept",
        correlation: correlations.get(phrase) ?? null,
        nearest: alike?.concept ?? null,
        cosine: alike?.cosine ?? null,
      };
    });
  }, [run]);
  const [wanted, setWanted] = useQueryState("concept", rows[0]?.concept ?? "");
  const chosen = rows.some(({ concept }) => concept === wanted) ? wanted : rows[0]?.concept;
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: "concept",
        header: "Concept",
        value: (row) => row.concept,
        cell: (row) => (
          <label className="flex cursor-pointer items-center gap-2 whitespace-nowrap">
            <input
              type="radio"
              name="previewed-concept"
              className="size-4 accent-(--accent)"
              checked={row.concept === chosen}
              onChange={() => setWanted(row.concept)}
            />
            <span className={row.concept === chosen ? "font-semibold" : ""}>{row.concept}</span>
          </label>
        ),
      },
      { id: "kind", header: "Kind", value: (row) => row.kind },
      {
        id: "fidelity",
        header: "Fidelity",
        align: "right",
        value: (row) => row.correlation,
        cell: (row) => decimal(row.correlation, 2),
      },
      { id: "nearest", header: "Most alike", value: (row) => row.nearest, className: "whitespace-nowrap" },
      {
        id: "cosine",
        header: "Cosine",
        align: "right",
        value: (row) => row.cosine,
        cell: (row) => decimal(row.cosine, 2),
      },
    ],
    [chosen, setWanted],
  );
  if (!chosen) return <EmptyState title="This run has no report, so no reading of its concepts" />;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <section aria-labelledby="readings" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
        <DataTable
          toolbar={
            <TableTitle id="readings" title="How well each concept is read">
              Fidelity: correlation with the VLM's own strength. Low: trust what is said about it less.
            </TableTitle>
          }
          label="Readings of concepts"
          columns={columns}
          rows={rows}
          csvName="concept-readings"
          maxHeight={560}
        />
      </section>
      <TopInputs runId={run.id} concept={chosen} />
    </div>
  );
}

function TopInputs({ runId, concept }: { runId: string; concept: string }) {
  const [state, retry] = useQuery({ query: topInputsQuery, variables: { id: runId, concept } });
  return (
    <section aria-labelledby="top-inputs" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <h2 id="top-inputs" className="font-semibold">
        Strongest “{concept}”
      </h2>
      <p className="mb-3 text-sm text-muted">
        If these pictures do not show it, the phrase is read as something else.
      </p>
      <Loaded
        state={state}
        retry={retry}
        what="the strongest inputs"
        skeleton={<Skeleton className="h-72" />}
      >
        {({ node }) => (
          <ol
            aria-busy={state.fetching}
            className={`grid grid-cols-[repeat(auto-fill,minmax(6.25rem,1fr))] gap-3 ${state.fetching ? "opacity-40" : ""}`}
          >
            {(node?.__typename === "Run" ? node.topInputs : []).map(({ input, strength, predictedClass }) => (
              <li key={input.id}>
                <Link
                  prefetch={false}
                  href={inputHref(runId, input.externalId)}
                  title={input.externalId}
                  className="group block"
                >
                  <Thumbnail imageUrl={input.imageUrl} alt={input.externalId} size={96} />
                  <span className="mt-1 flex justify-between gap-1 text-xs group-hover:text-accent">
                    <span className="truncate">{input.trueClass ?? "unlabelled"}</span>
                    <span className="text-muted tabular-nums">{decimal(strength, 2)}</span>
                  </span>
                  {input.trueClass && input.trueClass !== predictedClass && (
                    <span className="block truncate text-xs text-muted">taken for {predictedClass}</span>
                  )}
                </Link>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </section>
  );
}
