"use client";

import { X } from "lucide-react";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useQuery } from "urql";
import { graphql } from "../../graphql.ts";
import {
  type ComparisonState,
  readComparisonState,
  writeComparisonState,
} from "../../runs/comparison-address.ts";
import { runNameFragment, shortRunName } from "../../runs/run-name.ts";
import { buttonClass } from "../../ui/button.tsx";
import { SegmentedControl, SelectField } from "../../ui/form-controls.tsx";
import { EmptyState, ErrorNotice, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useProject } from "../../ui/project-choice.tsx";
import { currentQuery, replaceQuery } from "../../ui/query-state.ts";
import { ComparisonDifference } from "./comparison-difference.tsx";
import { ComparisonHeatmaps } from "./comparison-heatmaps.tsx";
import { ComparisonMatrix, comparisonMatrixFragment } from "./comparison-matrix.tsx";
import { ComparisonMetrics, comparisonMetricsFragment } from "./comparison-metrics.tsx";
import { RegressionLists } from "./regression-lists.tsx";

const runsQuery = graphql(
  `query RunsToCompare($slug: String!) {
    project(slug: $slug) { id runs(status: SUCCEEDED, first: 100) { edges { node { ...RunName } } } }
  }`,
  [runNameFragment],
);

export const comparisonQuery = graphql(
  `query CompareRuns($ids: [ID!]!) {
    compareRuns(ids: $ids) {
      __typename
      ... on RunComparison {
        runs { ...RunName modelVersion { classes } }
        ...ComparisonMetrics
        ...ComparisonMatrix
      }
      ... on Error { message }
    }
  }`,
  [runNameFragment, comparisonMetricsFragment, comparisonMatrixFragment],
);

/** Two to six runs side by side; the first is the baseline. All of its state is in the address. */
export function Comparison() {
  const state = readComparisonState(useSearchParams());
  const change = (next: Partial<ComparisonState>) =>
    replaceQuery(writeComparisonState({ ...readComparisonState(currentQuery()), ...next }));
  return (
    <div className="grid grid-cols-1 gap-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h1 className="text-xl font-semibold tracking-tight">Compare runs</h1>
        {state.runs.length >= 2 && (
          <Link
            prefetch={false}
            href={`/compare/print?${writeComparisonState(state)}`}
            className={buttonClass()}
          >
            Printable report
          </Link>
        )}
      </div>
      <RunChoice state={state} change={change} />
      {state.runs.length < 2 ? (
        <EmptyState title="Choose two to six runs">
          <p>
            The first one is the baseline that the others are held against. Runs can be chosen once they have
            succeeded.
          </p>
        </EmptyState>
      ) : (
        <ComparedRuns state={state} change={change} />
      )}
    </div>
  );
}

type Change = (next: Partial<ComparisonState>) => void;

function RunChoice({ state, change }: { state: ComparisonState; change: Change }) {
  const { project } = useProject();
  const [runs, retry] = useQuery({
    query: runsQuery,
    variables: { slug: project?.slug ?? "" },
    pause: !project,
  });
  const all = runs.data?.project?.runs.edges.map(({ node }) => node) ?? [];
  const others = all.filter(({ id }) => !state.runs.includes(id));
  if (runs.error)
    return (
      <Loaded state={runs} retry={retry} what="the runs">
        {() => null}
      </Loaded>
    );
  return (
    <div className="flex flex-wrap items-center gap-2">
      <ol className="contents" aria-label="Compared runs">
        {state.runs.map((id, i) => {
          const run = all.find((candidate) => candidate.id === id);
          const name = run ? shortRunName(run) : "…";
          return (
            <li
              key={id}
              className="inline-flex h-8 items-center gap-1.5 rounded-md border bg-surface pr-1 pl-2.5 text-sm"
            >
              <span className="text-faint tabular-nums">{i === 0 ? "Baseline" : i}</span>
              <Link
                prefetch={false}
                href={`/runs/${encodeURIComponent(id)}`}
                className="font-medium hover:text-accent hover:underline"
              >
                {name}
              </Link>
              {i > 0 && (
                <button
                  type="button"
                  className="rounded px-1 text-xs text-muted hover:bg-sunken hover:text-ink"
                  onClick={() =>
                    change({ runs: [id, ...state.runs.filter((other) => other !== id)], against: 1 })
                  }
                >
                  make baseline
                </button>
              )}
              <button
                type="button"
                aria-label={`Remove ${name}`}
                className="grid size-6 place-items-center rounded text-muted hover:bg-sunken hover:text-ink"
                onClick={() => change({ runs: state.runs.filter((other) => other !== id), against: 1 })}
              >
                <X size={13} aria-hidden />
              </button>
            </li>
          );
        })}
      </ol>
      {state.runs.length < 6 && others.length > 0 && (
        <SelectField
          label="Add a run"
          hideLabel
          value=""
          onChange={(event) => change({ runs: [...state.runs, event.target.value] })}
        >
          <option value="" disabled>
            Add a run …
          </option>
          {others.map((run) => (
            <option key={run.id} value={run.id}>
              {run.modelVersion.model.name} {shortRunName(run)} ({run.dataset.name})
            </option>
          ))}
        </SelectField>
      )}
    </div>
  );
}

function ComparedRuns({ state, change }: { state: ComparisonState; change: Change }) {
  const [result, retry] = useQuery({ query: comparisonQuery, variables: { ids: [...state.runs] } });
  return (
    <Loaded state={result} retry={retry} what="the comparison" skeleton={<Skeleton className="h-96" />}>
      {({ compareRuns }) => {
        if (compareRuns.__typename !== "RunComparison")
          return <ErrorNotice title="These runs cannot be compared" message={compareRuns.message} />;
        const { runs } = compareRuns;
        const names = runs.map(shortRunName);
        return (
          <>
            <ComparisonMetrics comparison={compareRuns} names={names} />
            <ComparisonMatrix comparison={compareRuns} />
            <ComparisonHeatmaps
              runs={runs}
              names={names}
              view={state.view}
              order={state.order}
              onView={(view) => change({ view })}
              onOrder={(order) => change({ order })}
            />
            <div className="no-print flex flex-wrap items-center gap-3 border-t pt-4">
              <h2 className="font-semibold">In detail against {names[0]}</h2>
              {runs.length > 2 && (
                <SegmentedControl
                  label="Run to hold against the baseline"
                  value={String(state.against)}
                  onChange={(against) => change({ against: Number(against) })}
                  options={names.slice(1).map((label, i) => ({ value: String(i + 1), label }))}
                />
              )}
              <SelectField
                label="Class"
                value={state.class}
                onChange={(event) => change({ class: event.target.value })}
              >
                <option value="">All classes</option>
                {runs[0].modelVersion.classes.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </SelectField>
            </div>
            <ComparisonDifference
              ids={state.runs}
              against={state.against}
              names={names}
              chosenClass={state.class || null}
              order={state.order}
            />
            <RegressionLists ids={state.runs} against={state.against} names={names} />
          </>
        );
      }}
    </Loaded>
  );
}
