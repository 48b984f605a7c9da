"use client";

import Link from "next/link";
import { useMemo, useState } from "react";
import { count } from "../../format/number.ts";
import { moment } from "../../format/time.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { compareHref } from "../../runs/comparison-address.ts";
import { FaultBar } from "../../runs/fault-bar.tsx";
import { StatusMark } from "../../runs/marks.tsx";
import { runNameFragment, shortRunName } from "../../runs/run-name.ts";
import { buttonClass } from "../../ui/button.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { TextField } from "../../ui/form-controls.tsx";
import { IntervalValue } from "../../ui/interval-value.tsx";

export const runsTableFragment = graphql(
  `fragment RunsTable on Run @_unmask {
    id
    status
    error
    createdAt
    ...RunName
    report {
      inputs
      misclassified
      accuracy { value low high }
      encoderFaults { count }
      headFaults { count }
      undecidedFaults { count }
      detector { auroc { value low high } }
      warnings { code message }
    }
  }`,
  [runNameFragment],
);

type Run = ResultOf<typeof runsTableFragment>;

const most = 6;

/** All runs with their headline numbers; two to six of them can be chosen for comparison. */
export function RunsTable({ runs }: { runs: readonly Run[] }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [search, setSearch] = useState("");
  const columns = useMemo<Column<Run>[]>(
    () => [
      {
        id: "choose",
        header: "Compare",
        value: ({ id }) => chosen.includes(id),
        cell: (run) => (
          <input
            type="checkbox"
            aria-label={`Choose ${shortRunName(run)} for comparison`}
            className="block size-4 accent-(--accent)"
            checked={chosen.includes(run.id)}
            disabled={run.status !== "SUCCEEDED" || (chosen.length >= most && !chosen.includes(run.id))}
            onChange={(event) =>
              setChosen(event.target.checked ? [...chosen, run.id] : chosen.filter((id) => id !== run.id))
            }
          />
        ),
      },
      {
        id: "run",
        header: "Run",
        value: shortRunName,
        cell: (run) => (
          <Link
            prefetch={false}
            href={`/runs/${encodeURIComponent(run.id)}`}
            className="font-medium whitespace-nowrap hover:text-accent hover:underline"
          >
            {run.modelVersion.model.name} {shortRunName(run)}
          </Link>
        ),
      },
      { id: "dataset", header: "Dataset", value: (run) => run.dataset.name },
      {
        id: "status",
        header: "Status",
        value: ({ status }) => status,
        cell: (run) => (
          <span title={run.error ?? undefined}>
            <StatusMark status={run.status} />
          </span>
        ),
      },
      {
        id: "inputs",
        header: "Inputs",
        align: "right",
        value: (run) => run.report?.inputs,
        cell: (run) => count(run.report?.inputs),
      },
      {
        id: "accuracy",
        header: "Accuracy",
        align: "right",
        value: (run) => run.report?.accuracy?.value,
        cell: (run) => <IntervalValue interval={run.report?.accuracy} beside />,
      },
      {
        id: "faults",
        header: "Encoder / head / undecided",
        value: (run) => run.report?.encoderFaults.count,
        className: "min-w-40",
        cell: (run) =>
          run.report ? (
            <FaultBar
              counts={{
                encoder: run.report.encoderFaults.count,
                head: run.report.headFaults.count,
                undecided: run.report.undecidedFaults.count,
              }}
            />
          ) : (
            <span className="text-faint">–</span>
          ),
      },
      {
        id: "auroc",
        header: "Detector AUROC",
        align: "right",
        value: (run) => run.report?.detector.auroc?.value,
        cell: (run) => <IntervalValue interval={run.report?.detector.auroc} unit="area" beside />,
      },
      {
        id: "created",
        header: "Started",
        align: "right",
        value: ({ createdAt }) => createdAt,
        cell: ({ createdAt }) => <span className="whitespace-nowrap text-muted">{moment(createdAt)}</span>,
      },
    ],
    [chosen],
  );
  const wanted = search.trim().toLowerCase();
  const shown = useMemo(
    () =>
      runs.filter((run) =>
        `${run.name} ${run.modelVersion.model.name} ${shortRunName(run)} ${run.dataset.name}`
          .toLowerCase()
          .includes(wanted),
      ),
    [runs, wanted],
  );
  return (
    <DataTable
      label="Runs"
      columns={columns}
      rows={shown}
      csvName="runs"
      maxHeight={560}
      empty="No run matches."
      toolbar={
        <>
          <TextField
            label="Find"
            hideLabel
            type="search"
            placeholder="Find a run"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          {chosen.length >= 2 ? (
            <Link href={compareHref({ runs: chosen })} className={buttonClass("primary")}>
              Compare {chosen.length} runs
            </Link>
          ) : (
            <span className="text-sm text-muted">Choose two to six runs to compare them.</span>
          )}
        </>
      }
    />
  );
}
