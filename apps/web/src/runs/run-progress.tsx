"use client";

import { useEffect } from "react";
import { useSubscription } from "urql";
import { count } from "../format/number.ts";
import { duration } from "../format/time.ts";
import { graphql, type ResultOf } from "../graphql.ts";

const stageNames = {
  PLAN: "Plan",
  EMBED: "Embed",
  ALIGN: "Align",
  STRENGTHS: "Strengths",
  REPORT: "Report",
  VERDICTS: "Verdicts",
} as const;

const stages = Object.keys(stageNames) as (keyof typeof stageNames)[];

export const runProgressFragment = graphql(`
  fragment RunProgress on Run @_unmask {
    id
    status
    stage
    error
    progress { stage done total inputsPerSecond etaSeconds finishedAt }
  }
`);

const progressSubscription = graphql(
  `subscription RunProgressOf($id: ID!) { runProgress(id: $id) { ...RunProgress } }`,
  [runProgressFragment],
);

/** A running job: its stages as one bar, speed and time left, live. Calls `onEnd` once when it has ended. */
export function RunProgress({
  run,
  onEnd,
}: {
  run: ResultOf<typeof runProgressFragment>;
  onEnd: () => void;
}) {
  const [{ data, error }] = useSubscription({ query: progressSubscription, variables: { id: run.id } });
  const live = data?.runProgress ?? run;
  const ended = live.status !== "RUNNING" && live.status !== "QUEUED";
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the status turns
  useEffect(() => {
    if (ended) onEnd();
  }, [ended]);

  const current = live.progress.find(({ stage }) => stage === live.stage);
  return (
    <div className="min-w-0">
      <div className="flex gap-0.5" aria-hidden="true">
        {stages.map((stage) => {
          const progress = live.progress.find((candidate) => candidate.stage === stage);
          const share = progress
            ? progress.finishedAt
              ? 1
              : progress.done / Math.max(1, progress.total)
            : 0;
          return (
            <div
              key={stage}
              className="h-1.5 flex-1 overflow-hidden rounded-sm bg-sunken"
              title={stageNames[stage]}
            >
              <div
                className="h-full bg-accent transition-[width] duration-300"
                style={{ width: `${Math.min(1, share) * 100}%` }}
              />
            </div>
          );
        })}
      </div>
      <p className="mt-1 text-xs text-muted tabular-nums" role="status">
        {live.status === "QUEUED" && "Waiting for a worker"}
        {live.status === "RUNNING" && (
          <>
            {live.stage ? stageNames[live.stage] : "Starting"}
            {current && ` ${count(current.done)} of ${count(current.total)}`}
            {current?.inputsPerSecond ? ` · ${count(Math.round(current.inputsPerSecond))} inputs/s` : ""}
            {current?.etaSeconds ? ` · ${duration(current.etaSeconds)} left` : ""}
          </>
        )}
        {live.status === "FAILED" && (live.error ?? "Failed")}
        {error && ` · live updates are interrupted`}
      </p>
    </div>
  );
}
