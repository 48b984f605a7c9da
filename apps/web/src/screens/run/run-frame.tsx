"use client";

import clsx from "clsx";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import { useMutation, useQuery } from "urql";
import { duration, moment } from "../../format/time.ts";
import { graphql } from "../../graphql.ts";
import { compareHref } from "../../runs/comparison-address.ts";
import { StatusMark } from "../../runs/marks.tsx";
import { runNameFragment, shortRunName } from "../../runs/run-name.ts";
import { RunProgress, runProgressFragment } from "../../runs/run-progress.tsx";
import { Button, buttonClass } from "../../ui/button.tsx";
import { EmptyState, ErrorNotice, Loaded, Skeleton } from "../../ui/page-states.tsx";

const runFrameQuery = graphql(
  `query RunFrame($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run {
        ...RunName
        ...RunProgress
        seed
        createdAt
        startedAt
        finishedAt
        conceptSet { id name version }
        visionLanguageModel { name }
      }
    }
  }`,
  [runNameFragment, runProgressFragment],
);

const cancelMutation = graphql(`
  mutation CancelRun($id: ID!) { cancelRun(id: $id) { __typename ... on Error { message } } }
`);
const retryMutation = graphql(`
  mutation RetryRun($id: ID!) { retryRun(id: $id) { __typename ... on Error { message } } }
`);

/** Head of every page of a run: what was run on what, its state, and the tabs; below it the page once it is ready. */
export function RunFrame({ id, children }: { id: string; children: ReactNode }) {
  const [state, retry] = useQuery({ query: runFrameQuery, variables: { id } });
  const [, cancel] = useMutation(cancelMutation);
  const [, restart] = useMutation(retryMutation);
  const path = usePathname();
  const base = `/runs/${encodeURIComponent(id)}`;
  const refresh = () => retry({ requestPolicy: "network-only" });
  const run = state.data?.node?.__typename === "Run" ? state.data.node : null;
  const title = run ? `${run.modelVersion.model.name} ${shortRunName(run)}` : null;
  useEffect(() => {
    if (title) document.title = `${title} · Faultline`;
  }, [title]);

  if (path.endsWith("/print")) return children;
  return (
    <Loaded state={state} retry={retry} what="the run" wholePage skeleton={<Skeleton className="h-96" />}>
      {() => {
        if (!run) return <EmptyState wholePage title="There is no such run, or you may not see it" />;
        const tabs = [
          { href: base, name: "Report" },
          { href: `${base}/inputs`, name: "Inputs" },
          { href: `${base}/detector`, name: "Detector" },
          {
            href: `/concepts/${encodeURIComponent(run.conceptSet.id)}?run=${encodeURIComponent(id)}`,
            name: "Concepts",
          },
          { href: `/specifications?run=${encodeURIComponent(id)}`, name: "Specification" },
        ];
        return (
          <>
            <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
              <div className="min-w-0">
                <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
                <p className="text-sm text-muted">
                  {run.dataset.name} · {run.conceptSet.name} v{run.conceptSet.version} ·{" "}
                  {run.visionLanguageModel.name} · <StatusMark status={run.status} />
                  {run.finishedAt && run.startedAt && (
                    <>
                      {" "}
                      {moment(run.finishedAt)} in{" "}
                      {duration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)}
                    </>
                  )}
                </p>
              </div>
              <div className="flex gap-2">
                <Link href={compareHref({ runs: [id] })} className={buttonClass()}>
                  Compare
                </Link>
                {run.status === "SUCCEEDED" && (
                  <Link prefetch={false} href={`${base}/print`} className={buttonClass()}>
                    Printable report
                  </Link>
                )}
              </div>
            </div>
            <nav
              aria-label="Pages of this run"
              className="mt-3 mb-5 flex justify-between overflow-x-auto border-b sm:justify-start sm:gap-1"
            >
              {tabs.map((tab) => {
                const here = tab.href === base ? path === base : path.startsWith(tab.href);
                return (
                  <Link
                    key={tab.name}
                    href={tab.href}
                    aria-current={here ? "page" : undefined}
                    className={clsx(
                      "-mb-px border-b-2 px-1.5 py-2 text-sm sm:px-3 whitespace-nowrap focus-visible:-outline-offset-2",
                      here
                        ? "border-ink font-medium text-ink"
                        : "border-transparent text-muted hover:text-ink",
                    )}
                  >
                    {tab.name}
                  </Link>
                );
              })}
            </nav>
            {run.status === "SUCCEEDED" && children}
            {(run.status === "QUEUED" || run.status === "RUNNING") && (
              <div className="grid gap-3 rounded-lg border bg-surface p-5">
                <h2 className="font-semibold">The report appears here when the run is done</h2>
                <RunProgress run={run} onEnd={refresh} />
                <div>
                  <Button onClick={() => cancel({ id }).then(refresh)}>Cancel the run</Button>
                </div>
              </div>
            )}
            {(run.status === "FAILED" || run.status === "CANCELLED") && (
              <div className="grid gap-3">
                <ErrorNotice
                  title={run.status === "FAILED" ? "This run failed" : "This run was cancelled"}
                  message={
                    run.error ??
                    "It left no report. Finished parts are kept, so another try starts from them."
                  }
                  onRetry={() => restart({ id }).then(refresh)}
                />
              </div>
            )}
          </>
        );
      }}
    </Loaded>
  );
}
