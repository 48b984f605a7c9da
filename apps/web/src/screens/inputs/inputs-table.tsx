// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual list cannot be table rows of one flow
// biome-ignore-all lint/a11y/useFocusableInteractive: the table takes the focus, its arrow keys walk the rows
"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { Download } from "lucide-react";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useClient, useQuery } from "urql";
import { count, percent, score } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultMark, VerdictMark } from "../../runs/marks.tsx";
import {
  inputHref,
  readVerdictView,
  type VerdictView,
  verdictFilter,
  writeVerdictView,
} from "../../runs/verdict-address.ts";
import { apiPath } from "../../ui/api-path.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { EmptyState, ErrorNotice, plainMessage, Skeleton } from "../../ui/page-states.tsx";
import { replaceQuery } from "../../ui/query-state.ts";
import { Thumbnail } from "../../ui/thumbnail.tsx";
import { InputFilters, InputOrder } from "./input-filters.tsx";
import { SavedViews } from "./saved-views.tsx";

const verdictRowFragment = graphql(`
  fragment VerdictRow on Verdict @_unmask {
    externalId
    trueClass
    predictedClass
    confidence
    verdict
    score
    misclassified
    fault
    concepts
    input { id imageUrl }
  }
`);

const verdictsQuery = graphql(
  `query Verdicts($id: ID!, $filter: VerdictFilter, $orderBy: VerdictOrder!, $first: Int!, $after: String) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        verdicts(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
          totalCount
          edges { node { ...VerdictRow } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }`,
  [verdictRowFragment],
);

const runQuery = graphql(`
  query InputsRun($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run { id modelVersion { classes } conceptSet { id concepts { phrase } } project { id } }
    }
  }
`);

type Row = ResultOf<typeof verdictRowFragment>;
type Loading = {
  rows: readonly Row[];
  total: number | null;
  cursor: string | null;
  more: boolean;
  error: string | null;
};

const nothing: Loading = { rows: [], total: null, cursor: null, more: true, error: null };
const pageSize = 100;
const rowHeight = 44;
const template =
  "sm:grid-cols-[44px_minmax(9rem,1.4fr)_minmax(5rem,1fr)_minmax(5rem,1fr)_5rem_6.5rem_5rem_minmax(7rem,0.9fr)_minmax(9rem,2fr)]";

/** Pages of verdicts, fetched one after the other as they come into sight. */
function useVerdicts(runId: string, view: VerdictView) {
  const client = useClient();
  const key = writeVerdictView(view);
  const [loaded, setLoaded] = useState<{ key: string } & Loading>({ key, ...nothing });
  const [fetching, setFetching] = useState(false);
  const current = loaded.key === key ? loaded : { key, ...nothing };
  const fetchMore = async () => {
    if (fetching || !current.more) return;
    setFetching(true);
    const result = await client
      .query(
        verdictsQuery,
        {
          id: runId,
          filter: verdictFilter(view),
          orderBy: view.order ?? "INPUT",
          first: pageSize,
          after: current.cursor,
        },
        { requestPolicy: "cache-first" },
      )
      .toPromise();
    setFetching(false);
    const page = result.data?.node?.__typename === "Run" ? result.data.node.verdicts : null;
    if (!page) {
      const error = result.error ? plainMessage(result.error) : "There is no such run.";
      setLoaded({ ...current, more: false, error });
      return;
    }
    setLoaded({
      key,
      rows: [...current.rows, ...page.edges.map(({ node }) => node)],
      total: page.totalCount,
      cursor: page.pageInfo.endCursor ?? null,
      more: page.pageInfo.hasNextPage,
      error: null,
    });
  };
  const reset = () => setLoaded({ key, ...nothing });
  return { ...current, fetching, fetchMore, reset };
}

/** A run's inputs with their verdicts: filtered, virtualised, walked by keyboard. */
export function InputsTable({ runId }: { runId: string }) {
  const query = useSearchParams().toString();
  const view = useMemo(() => readVerdictView(new URLSearchParams(query)), [query]);
  const [runState] = useQuery({ query: runQuery, variables: { id: runId } });
  const run = runState.data?.node?.__typename === "Run" ? runState.data.node : null;
  const change = (next: VerdictView) => replaceQuery(writeVerdictView(next));
  const filter = writeVerdictView(view);
  return (
    <div className="grid grid-cols-1 gap-3">
      <div className="flex flex-wrap items-center gap-2">
        {run && <SavedViews projectId={run.project.id} query={filter} onOpen={replaceQuery} />}
        <div className="ml-auto flex gap-1">
          {(["csv", "ndjson", "parquet"] as const).map((format) => (
            <a
              key={format}
              href={apiPath(
                `/runs/${encodeURIComponent(runId)}/verdicts.${format}${filter ? `?${filter}` : ""}`,
              )}
              download
              className={buttonClass("bare", "px-2")}
            >
              <Download size={14} aria-hidden />
              {format === "ndjson" ? "NDJSON" : format === "csv" ? "CSV" : "Parquet"}
            </a>
          ))}
        </div>
      </div>
      <InputFilters
        view={view}
        classes={run?.modelVersion.classes ?? []}
        concepts={run?.conceptSet.concepts.map(({ phrase }) => phrase) ?? []}
        onChange={change}
      />
      <VerdictRows key={filter} runId={runId} view={view} onChange={change} />
    </div>
  );
}

function VerdictRows({
  runId,
  view,
  onChange,
}: {
  runId: string;
  view: VerdictView;
  onChange: (view: VerdictView) => void;
}) {
  const router = useRouter();
  const { rows, total, more, error, fetching, fetchMore, reset } = useVerdicts(runId, view);
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const virtualizer = useVirtualizer({
    count: rows.length + (more ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.length > 0 ? items[items.length - 1].index : -1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is wanted when the end comes into sight
  useEffect(() => {
    if (more && !fetching && last >= rows.length - 1) fetchMore();
  }, [last, rows.length, more, fetching]);

  if (error) return <ErrorNotice title="Could not load the inputs" message={error} onRetry={reset} />;
  if (!more && rows.length === 0) {
    return (
      <EmptyState title="No input matches">
        <Button onClick={() => onChange({})}>Clear the filters</Button>
      </EmptyState>
    );
  }
  const walk = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const to: Record<string, number> = {
      ArrowDown: active + 1,
      j: active + 1,
      ArrowUp: active - 1,
      k: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    if (event.key === "Enter" && event.target === scroller.current && rows[active])
      router.push(inputHref(runId, rows[active].externalId));
    if (to[event.key] === undefined) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, to[event.key]));
    setActive(next);
    virtualizer.scrollToIndex(next);
  };
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p role="status" className="text-sm text-muted tabular-nums">
          {total === null ? "Loading inputs" : `${count(total)} inputs`}
          <span className="hidden sm:inline"> · arrow keys or j/k walk, Enter opens</span>
        </p>
        <InputOrder view={view} onChange={onChange} />
      </div>
      <div
        ref={scroller}
        role="table"
        aria-label="Inputs"
        aria-rowcount={(total ?? rows.length) + 1}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: rows are walked by arrow keys from here
        tabIndex={0}
        onKeyDown={walk}
        className="scroll-x overflow-y-auto rounded-lg border"
        style={{ height: "max(24rem, calc(100vh - 19rem))" }}
      >
        <div
          role="row"
          className={`sticky top-0 z-10 hidden h-9 items-center gap-3 border-b sm:gap-5 bg-surface px-3 text-sm font-medium text-muted sm:grid sm:min-w-[64rem] ${template}`}
        >
          {[
            "Picture",
            "Input",
            "True",
            "Predicted",
            "Confidence",
            "Verdict",
            "Score",
            "Fault",
            "Spoke most",
          ].map((name, i) => (
            <span key={name} role="columnheader" className={i === 4 || i === 6 ? "text-right" : ""}>
              {i === 0 ? <span className="sr-only">{name}</span> : name}
            </span>
          ))}
        </div>
        <div
          role="rowgroup"
          className="relative sm:min-w-[64rem]"
          style={{ height: virtualizer.getTotalSize() }}
        >
          {items.map((item) => {
            const row = rows[item.index];
            return (
              <div
                key={item.key}
                role="row"
                aria-rowindex={item.index + 2}
                className={`absolute inset-x-0 grid grid-cols-[44px_minmax(0,1fr)_auto] items-center gap-3 border-b px-3 text-sm sm:gap-5 ${template} ${
                  item.index === active ? "bg-accent-soft" : "hover:bg-sunken/60"
                }`}
                style={{ height: rowHeight, transform: `translateY(${item.start}px)` }}
                onPointerDown={() => setActive(item.index)}
              >
                {row ? <VerdictCells runId={runId} row={row} /> : <Skeleton className="col-span-full h-6" />}
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}

function VerdictCells({ runId, row }: { runId: string; row: Row }) {
  const wide = "hidden sm:block";
  return (
    <>
      <span role="cell">
        <Thumbnail imageUrl={row.input.imageUrl} alt="" size={36} />
      </span>
      <span role="cell" className="min-w-0">
        <Link
          prefetch={false}
          href={inputHref(runId, row.externalId)}
          className="block truncate font-medium hover:text-accent hover:underline"
          title={row.externalId}
        >
          {row.externalId}
        </Link>
        <span className="block truncate text-xs text-muted sm:hidden">
          {row.trueClass ?? "unlabelled"} → {row.predictedClass}
        </span>
      </span>
      <span role="cell" className={`${wide} truncate`}>
        {row.trueClass ?? <span className="text-faint">–</span>}
      </span>
      <span role="cell" className={`${wide} truncate ${row.misclassified ? "font-semibold" : ""}`}>
        {row.predictedClass}
        {row.misclassified && <span className="sr-only"> (wrong)</span>}
      </span>
      <span role="cell" className={`${wide} text-right tabular-nums`}>
        {percent(row.confidence)}
      </span>
      <span role="cell">
        <VerdictMark verdict={row.verdict} />
      </span>
      <span role="cell" className={`${wide} text-right tabular-nums`}>
        {score(row.score)}
      </span>
      <span role="cell" className={wide}>
        <FaultMark fault={row.fault} />
      </span>
      <span role="cell" className={`${wide} truncate text-muted`} title={row.concepts.join(", ")}>
        {row.concepts.join(", ")}
      </span>
    </>
  );
}
