"use client";

import Link from "next/link";
import { useMemo, useState } from "react";
import { useQuery } from "urql";
import { count } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultMark, VerdictMark } from "../../runs/marks.tsx";
import { inputHref } from "../../runs/verdict-address.ts";
import { Button } from "../../ui/button.tsx";
import { type Column, DataTable, TableTitle } from "../../ui/data-table.tsx";
import { Loaded, Skeleton } from "../../ui/page-states.tsx";
import { Thumbnail } from "../../ui/thumbnail.tsx";

const changedVerdictFragment = graphql(`
  fragment ChangedVerdict on Verdict @_unmask {
    externalId
    trueClass
    predictedClass
    verdict
    fault
    input { id imageUrl }
  }
`);

const changesQuery = graphql(
  `query ComparisonChanges($ids: [ID!]!, $first: Int!) {
    compareRuns(ids: $ids) {
      __typename
      ... on RunComparison {
        differences {
          run { id }
          regressions(first: $first) { totalCount edges { node { ...ChangedVerdict } } pageInfo { hasNextPage } }
          fixes(first: $first) { totalCount edges { node { ...ChangedVerdict } } pageInfo { hasNextPage } }
        }
      }
      ... on Error { message }
    }
  }`,
  [changedVerdictFragment],
);

type Changed = ResultOf<typeof changedVerdictFragment>;

const page = 25;
const most = 100;

function changeColumns(runId: string): Column<Changed>[] {
  return [
    {
      id: "input",
      header: "Input",
      value: (row) => row.externalId,
      cell: (row) => (
        <Link
          prefetch={false}
          href={inputHref(runId, row.externalId)}
          className="flex items-center gap-2 font-medium hover:text-accent hover:underline"
        >
          <Thumbnail imageUrl={row.input.imageUrl} alt="" size={28} />
          <span className="max-w-44 truncate" title={row.externalId}>
            {row.externalId}
          </span>
        </Link>
      ),
    },
    { id: "true", header: "True", value: (row) => row.trueClass },
    { id: "predicted", header: "Predicted", value: (row) => row.predictedClass },
    {
      id: "fault",
      header: "Fault",
      value: (row) => row.fault,
      cell: (row) => <FaultMark fault={row.fault} />,
    },
    {
      id: "verdict",
      header: "Verdict",
      value: (row) => row.verdict,
      cell: (row) => <VerdictMark verdict={row.verdict} />,
    },
  ];
}

/** Inputs that the baseline had right and the other run has wrong, and the reverse. */
export function RegressionLists({
  ids,
  against,
  names,
}: {
  ids: readonly string[];
  against: number;
  names: readonly string[];
}) {
  const [first, setFirst] = useState(page);
  const other = ids[against];
  const pair = [ids[0], other];
  const [state, retry] = useQuery({ query: changesQuery, variables: { ids: pair, first } });
  const columns = useMemo(() => changeColumns(other), [other]);
  const result = state.data?.compareRuns;
  const difference = result?.__typename === "RunComparison" ? result.differences[0] : undefined;
  const lists = [
    {
      name: "Regressions",
      words: `right in ${names[0]}, wrong in ${names[against]}`,
      file: "regressions",
      of: difference?.regressions,
    },
    {
      name: "Fixes",
      words: `wrong in ${names[0]}, right in ${names[against]}`,
      file: "fixes",
      of: difference?.fixes,
    },
  ];
  return (
    <Loaded state={state} retry={retry} what="regressions and fixes" skeleton={<Skeleton className="h-64" />}>
      {() => (
        <div className="grid items-start gap-4 xl:grid-cols-2">
          {lists.map(({ name, words, file, of }) => {
            const rows = of?.edges.map(({ node }) => node) ?? [];
            const more = of?.pageInfo.hasNextPage ?? false;
            return (
              <section
                key={name}
                aria-label={name}
                className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5"
              >
                <DataTable
                  toolbar={
                    <TableTitle
                      id={file}
                      title={
                        <>
                          {name}{" "}
                          <span className="font-normal text-muted tabular-nums">{count(of?.totalCount)}</span>
                        </>
                      }
                    >
                      Inputs {words}.
                    </TableTitle>
                  }
                  label={`${name} as a table`}
                  columns={columns}
                  rows={rows}
                  csvName={file}
                  maxHeight={380}
                  empty="None."
                />
                {more && first < most && (
                  <Button className="no-print mt-2" onClick={() => setFirst(most)}>
                    Show up to {most}
                  </Button>
                )}
              </section>
            );
          })}
        </div>
      )}
    </Loaded>
  );
}
