"use client";

import Link from "next/link";
import { useState } from "react";
import { useQuery } from "urql";
import { count, probability, signedDecimal } from "../format/number.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { EffectBar, effectLimit } from "../plots/effect-bar.tsx";
import { Button } from "../ui/button.tsx";
import { CsvButton } from "../ui/csv-button.tsx";
import { type Column, tableCsv } from "../ui/data-table.tsx";
import { EmptyState, Loaded, Skeleton } from "../ui/page-states.tsx";
import { Thumbnail } from "../ui/thumbnail.tsx";
import { inputHref, inputsHref } from "./verdict-address.ts";

export const responsibleConceptFragment = graphql(`
  fragment ResponsibleConceptRow on ResponsibleConcept @_unmask {
    concept
    effect { value low high }
    qValue
    significantCells
    exampleInputs { id externalId imageUrl trueClass }
  }
`);

const responsibleQuery = graphql(
  `query ResponsibleConcepts($id: ID!, $class: String) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        report { responsibleConcepts(trueClass: $class, first: 20) { ...ResponsibleConceptRow } }
      }
    }
  }`,
  [responsibleConceptFragment],
);

type Row = ResultOf<typeof responsibleConceptFragment>;

/** What is exported of a list of responsible concepts. */
export const responsibleColumns: Column<Row>[] = [
  { id: "concept", header: "Concept", value: (row) => row.concept },
  { id: "effect", header: "Effect", value: (row) => row.effect.value },
  { id: "low", header: "Low", value: (row) => row.effect.low },
  { id: "high", header: "High", value: (row) => row.effect.high },
  { id: "q", header: "q-value", value: (row) => row.qValue },
  { id: "cells", header: "Significant cells", value: (row) => row.significantCells },
];

/** Concepts of the significant cells of the differential heatmap, largest effect first, with example inputs. */
export function ResponsibleConcepts({ runId, chosenClass }: { runId: string; chosenClass: string | null }) {
  const [state, retry] = useQuery({ query: responsibleQuery, variables: { id: runId, class: chosenClass } });
  const rows = (state.data?.node?.__typename === "Run" && state.data.node.report?.responsibleConcepts) || [];
  return (
    <section aria-label="Responsible concepts" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <div className="mb-3 flex items-start justify-between gap-3">
        <div>
          <h2 className="font-semibold">Responsible concepts</h2>
          <p className="text-sm text-muted">
            Effect: how much more often the concept wins when the answer is wrong. Below 0 it went missing.
          </p>
        </div>
        <CsvButton
          name="responsible-concepts"
          label="Responsible concepts"
          text={() => tableCsv(responsibleColumns, rows)}
        />
      </div>
      <Loaded
        state={state}
        retry={retry}
        what="the responsible concepts"
        skeleton={<Skeleton className="h-64" />}
      >
        {() =>
          rows.length === 0 ? (
            <EmptyState title="No concept stands out">
              <p>No cell of the differential heatmap is significant for {chosenClass ?? "all classes"}.</p>
            </EmptyState>
          ) : (
            <ResponsibleConceptList runId={runId} rows={rows} chosenClass={chosenClass} />
          )
        }
      </Loaded>
    </section>
  );
}

const shownAtFirst = 10;

/** The list itself: a bar of the effect around 0, its numbers, and pictures that lead to their inputs. */
export function ResponsibleConceptList({
  runId,
  rows,
  chosenClass = null,
}: {
  runId: string;
  rows: readonly Row[];
  chosenClass?: string | null;
}) {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, shownAtFirst);
  const limit = effectLimit(rows.map(({ effect }) => effect));
  const digits = limit < 0.1 ? 3 : 2;
  return (
    <>
      <ol className="grid">
        {shown.map(({ concept, effect, qValue, significantCells, exampleInputs }) => (
          <li key={concept} className="border-t py-2.5 first:border-t-0">
            <div className="flex items-center gap-3">
              <Link
                prefetch={false}
                href={inputsHref(runId, {
                  concept,
                  misclassified: true,
                  ...(chosenClass ? { trueClass: chosenClass } : {}),
                })}
                className="w-28 shrink-0 truncate font-medium hover:text-accent hover:underline"
                title={concept}
              >
                {concept}
              </Link>
              <EffectBar effect={effect} limit={limit} />
              <span className="w-14 shrink-0 text-right font-medium tabular-nums">
                {signedDecimal(effect.value, digits)}
              </span>
            </div>
            <div className="mt-1.5 flex flex-wrap items-center justify-between gap-2">
              <p className="text-xs text-muted tabular-nums">
                {signedDecimal(effect.low, digits)} to {signedDecimal(effect.high, digits)} · q{" "}
                {probability(qValue)} · {count(significantCells)} cells
              </p>
              <div className="flex gap-1">
                {exampleInputs.slice(0, 5).map((input) => (
                  <Link
                    prefetch={false}
                    key={input.id}
                    href={inputHref(runId, input.externalId)}
                    title={input.externalId}
                  >
                    <Thumbnail
                      imageUrl={input.imageUrl}
                      alt={`${input.externalId}, ${input.trueClass ?? "unlabelled"}`}
                      size={36}
                    />
                  </Link>
                ))}
              </div>
            </div>
          </li>
        ))}
      </ol>
      {rows.length > shown.length && (
        <Button className="no-print mt-2" onClick={() => setAll(true)}>
          Show all {rows.length}
        </Button>
      )}
    </>
  );
}
