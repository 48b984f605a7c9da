"use client";

import Link from "next/link";
import { useMemo } from "react";
import { percent } from "../../format/number.ts";
import { moment } from "../../format/time.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { compareHref } from "../../runs/comparison-address.ts";
import { FaultBar } from "../../runs/fault-bar.tsx";
import { FaultShape, faultLooks } from "../../runs/marks.tsx";
import { buttonClass } from "../../ui/button.tsx";
import { IntervalValue } from "../../ui/interval-value.tsx";
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
          {model.description && <p className="max-w-3xl text-sm text-muted">{model.description}</p>}
        </div>
        {cleanRuns.length >= 2 && (
          <Link href={compareHref({ runs: cleanRuns })} className={buttonClass()}>
            Compare versions
          </Link>
        )}
      </div>
      <ol className="scroll-x flex snap-x gap-3 pb-1 [--scroll-ground:var(--page)]">
        {versions.map(({ id, name, description, createdAt, clean, attacked }, i) => (
          <li key={id} className="flex w-72 min-w-72 flex-1 snap-start flex-col">
            <Moment iso={createdAt} first={i === 0} last={i === versions.length - 1} />
            <div className="flex-1 rounded-lg border bg-surface p-4">
              <h3 className="font-semibold">
                {clean ? (
                  <Link
                    prefetch={false}
                    href={`/runs/${encodeURIComponent(clean.id)}`}
                    className="hover:text-accent hover:underline"
                  >
                    {name}
                  </Link>
                ) : (
                  name
                )}
              </h3>
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
                  <p className="mt-3 mb-1 text-xs text-muted">Where its errors come from</p>
                  <FaultShares report={clean.report} />
                </>
              ) : (
                <p className="mt-3 text-sm text-muted">No finished run on clean data.</p>
              )}
              {attacked.length > 0 && (
                <ul className="mt-3 grid gap-1 border-t pt-2 text-sm">
                  {attacked.map((run) => (
                    <li key={run.id} className="flex justify-between gap-2">
                      <Link
                        prefetch={false}
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
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A point on the line of time above a version. */
function Moment({ iso, first, last }: { iso: string; first: boolean; last: boolean }) {
  return (
    <div className="relative mb-2 flex items-center text-xs text-muted">
      <span
        aria-hidden="true"
        className={`absolute top-1/2 h-px bg-line-strong ${first ? "left-4" : "-left-3"} ${last ? "w-4" : "right-0"}`}
      />
      <span
        aria-hidden="true"
        className="relative ml-4 size-2.5 rounded-full border-2 border-line-strong bg-page"
      />
      <time dateTime={iso} className="relative bg-page px-2">
        {moment(iso)}
      </time>
    </div>
  );
}

/** The faults of a report as a bar, and as shares in words. */
function FaultShares({ report }: { report: NonNullable<Run["report"]> }) {
  const counts = {
    encoder: report.encoderFaults.count,
    head: report.headFaults.count,
    undecided: report.undecidedFaults.count,
  };
  const total = counts.encoder + counts.head + counts.undecided;
  const shares = [
    ["ENCODER", counts.encoder],
    ["HEAD", counts.head],
    ["UNDECIDED", counts.undecided],
  ] as const;
  return (
    <>
      <FaultBar counts={counts} />
      {total > 0 && (
        <ul className="mt-1.5 flex flex-wrap gap-x-3 text-xs text-muted tabular-nums">
          {shares.map(([fault, errors]) => (
            <li key={fault} className="flex items-center gap-1">
              <FaultShape fault={fault} size={8} /> {faultLooks[fault].name.toLowerCase()}{" "}
              {percent(errors / total, 0)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
