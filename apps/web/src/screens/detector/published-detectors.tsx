"use client";

import { Download } from "lucide-react";
import Link from "next/link";
import { useMemo } from "react";
import { detectorName, detectorOf } from "../../detectors/detector-names.ts";
import { score } from "../../format/number.ts";
import { moment } from "../../format/time.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { runNameFragment, shortRunName } from "../../runs/run-name.ts";
import { apiPath } from "../../ui/api-path.ts";
import { type Column, DataTable, TableTitle } from "../../ui/data-table.tsx";
import { ruleName } from "./publish-detector.tsx";

export const publishedDetectorFragment = graphql(
  `fragment PublishedDetector on Detector @_unmask {
    id
    name
    version
    similarity
    falseAlarmRate
    threshold
    artifactSha256
    artifactUrl
    publishedAt
    run { ...RunName }
  }`,
  [runNameFragment],
);

export type PublishedDetector = ResultOf<typeof publishedDetectorFragment>;

/** The project's detectors, newest first; the chosen one stands in the snippets. */
export function PublishedDetectors({
  detectors,
  chosen,
  onChoose,
}: {
  detectors: readonly PublishedDetector[];
  chosen: string | null;
  onChoose: (id: string) => void;
}) {
  const columns = useMemo<Column<PublishedDetector>[]>(
    () => [
      {
        id: "name",
        header: "Detector",
        value: ({ name, version }) => `${name} v${version}`,
        cell: ({ id, name, version }) => (
          <label className="flex cursor-pointer items-center gap-2 whitespace-nowrap">
            <input
              type="radio"
              name="published-detector"
              className="size-4 accent-(--accent)"
              checked={id === chosen}
              onChange={() => onChoose(id)}
            />
            <span className="font-medium">{name}</span> <span className="text-muted">v{version}</span>
          </label>
        ),
      },
      {
        id: "similarity",
        header: "Similarity",
        value: ({ similarity }) => detectorName(detectorOf(similarity)),
        className: "whitespace-nowrap",
      },
      { id: "rule", header: "Rule", value: ruleName, className: "whitespace-nowrap" },
      {
        id: "threshold",
        header: "Threshold",
        align: "right",
        value: ({ threshold }) => threshold,
        cell: ({ threshold }) => (
          <span title={threshold === null ? "Too few calibration inputs, or one a class" : undefined}>
            {threshold === null ? "none" : score(threshold)}
          </span>
        ),
      },
      {
        id: "run",
        header: "Run",
        value: ({ run }) => shortRunName(run),
        cell: ({ run }) => (
          <Link
            prefetch={false}
            href={`/runs/${encodeURIComponent(run.id)}/detector`}
            className="whitespace-nowrap hover:text-accent hover:underline"
          >
            {shortRunName(run)}
          </Link>
        ),
      },
      {
        id: "published",
        header: "Published",
        align: "right",
        value: ({ publishedAt }) => publishedAt,
        cell: ({ publishedAt }) => (
          <span className="whitespace-nowrap text-muted">{publishedAt ? moment(publishedAt) : "–"}</span>
        ),
      },
      {
        id: "artifact",
        header: "Artifact",
        value: ({ artifactSha256 }) => artifactSha256,
        cell: ({ name, version, artifactUrl, artifactSha256 }) => (
          <a
            href={apiPath(artifactUrl)}
            download={`${name}-v${version}.json`}
            title={`sha256 ${artifactSha256}`}
            aria-label={`Artifact of ${name} v${version} as JSON`}
            className="inline-flex items-center gap-1.5 text-accent hover:underline"
          >
            <Download size={14} aria-hidden /> JSON
          </a>
        ),
      },
    ],
    [chosen, onChoose],
  );
  return (
    <section aria-labelledby="published" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <DataTable
        toolbar={
          <TableTitle id="published" title="Detectors of the project">
            Versions never change; the chosen one stands in the snippets.
          </TableTitle>
        }
        label="Published detectors"
        columns={columns}
        rows={detectors}
        csvName="detectors"
        maxHeight={340}
        empty="No detector is published yet."
      />
    </section>
  );
}
