"use client";

import Link from "next/link";
import { useMemo } from "react";
import { graphql, type ResultOf } from "../graphql.ts";
import { compareHref } from "../plots/compare-state.ts";
import { moment } from "../plots/number-format.ts";
import { buttonClass } from "./button.tsx";
import { FaultBar } from "./fault-bar.tsx";
import { IntervalValue } from "./interval-value.tsx";
import type { runsTableFragment } from "./runs-table.tsx";

export const timelineModelFragment = graphql(`
  fragment TimelineModel on Model @_unmask {
    id
    name
    description
    versions(first: 50) { edges { node { id name description createdAt } } }
  }
`);

type Run = ResultOf<typeof runsTableFragment>;

/** A model's versions from old to new: each with its newest clean run, and what attacks did to it. */
export function ModelTimeline({
  model,
  runs,
}: {
  model: ResultOf<typeof timelineModelFragment>;
  runs: readonly Run[];
}) {
  const versions = useMemo(
    () =>
      model.versions.edges
        .map(({ node }) => {
          const own = runs
            .filter(
              (run) =>
                run.status === "SUCCEEDED" &&
                run.modelVersion.model.name === model.name &&
                run.modelVersion.name === node.name,
            )
            .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
          const attacked = new Map<string, Run>();
          for (const run of own)
            if (run.attackType && !attacked.has(run.attackType.name)) attacked.set(run.attackType.name, run);
          return { ...node, clean: own.find((run) => !run.attackType), attacked: [...attacked.values()] };
        })
        .sort((a, b) => a.createdAt.localeCompare(b.createdAt)),
    [model, runs],
  );
  const cleanRuns = versions.flatMap(({ clean }) => (clean ? [clean.id] : [])).slice(-6);
  return (
    <section aria-labelledby={`model-${model.id}`}>
      <div className="mb-2 flex flex-wrap items-end justify-between gap-2">
        <div>
          <h2 id={`model-${model.id}`} className="font-semibold">
            {model.name}
          </h2>
          {model.description && <p className="max-w-prose text-sm text-muted">{model.description}</p>}
        </div>
        {cleanRuns.length >= 2 && (
          <Link href={compareHref({ runs: cleanRuns })} className={buttonClass()}>
            Compare versions
          </Link>
        )}
      </div>
      <ol className="flex snap-x gap-3 overflow-x-auto pb-1">
        {versions.map(({ id, name, description, createdAt, clean, attacked }) => (
          <li key={id} className="relative w-72 min-w-72 flex-1 snap-start rounded-lg border bg-surface p-4">
            <div className="flex items-baseline justify-between gap-2">
              <h3 className="font-semibold">
                {clean ? (
                  <Link
                    href={`/runs/${encodeURIComponent(clean.id)}`}
                    className="hover:text-accent hover:underline"
                  >
                    {name}
                  </Link>
                ) : (
                  name
                )}
              </h3>
              <time dateTime={createdAt} className="text-xs text-faint">
                {moment(createdAt)}
              </time>
            </div>
            {description && <p className="mt-0.5 line-clamp-2 text-sm text-muted">{description}</p>}
            {clean?.report ? (
              <>
                <dl className="mt-3 grid grid-cols-2 gap-2 text-sm">
                  <div>
                    <dt className="text-xs text-muted">Accuracy</dt>
                    <dd className="text-lg font-semibold">
                      <IntervalValue interval={clean.report.accuracy} />
                    </dd>
                  </div>
                  <div>
                    <dt className="text-xs text-muted">Detector AUROC</dt>
                    <dd className="text-lg font-semibold">
                      <IntervalValue interval={clean.report.detector.auroc} unit="area" />
                    </dd>
                  </div>
                </dl>
                <p className="mt-2 mb-1 text-xs text-muted">Encoder / head / undecided</p>
                <FaultBar
                  counts={{
                    encoder: clean.report.encoderFaults.count,
                    head: clean.report.headFaults.count,
                    undecided: clean.report.undecidedFaults.count,
                  }}
                />
              </>
            ) : (
              <p className="mt-3 text-sm text-muted">No finished run on clean data.</p>
            )}
            {attacked.length > 0 && (
              <ul className="mt-3 grid gap-1 border-t pt-2 text-sm">
                {attacked.map((run) => (
                  <li key={run.id} className="flex justify-between gap-2">
                    <Link
                      href={`/runs/${encodeURIComponent(run.id)}`}
                      className="truncate text-muted hover:text-accent hover:underline"
                    >
                      under {run.attackType?.name}
                    </Link>
                    <IntervalValue interval={run.report?.accuracy} beside />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
