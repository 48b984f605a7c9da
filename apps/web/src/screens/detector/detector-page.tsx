"use client";

import { useRef, useState } from "react";
import { useQuery } from "urql";
import type { CurveChoice } from "../../detectors/curve-plot.tsx";
import { RiskCoverageCurves, RocCurves } from "../../detectors/detector-curves.tsx";
import { detectorMetricsFragment, detectorSummaryFragment } from "../../detectors/detector-fragments.ts";
import { detectorName, detectorOf, similarityOf } from "../../detectors/detector-names.ts";
import { detectorSummary } from "../../detectors/detector-summary.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { SelectField } from "../../ui/form-controls.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { CodeSnippets } from "./code-snippets.tsx";
import { DetectorMetrics } from "./detector-metrics.tsx";
import { justBelow, operatingPoint, pointAtFalseAlarmRate } from "./operating-point.ts";
import { PublishDetector, type PublishedRule } from "./publish-detector.tsx";
import { PublishedDetectors, publishedDetectorFragment } from "./published-detectors.tsx";
import { ThresholdExplorer } from "./threshold-explorer.tsx";

const detectorQuery = graphql(
  `query DetectorPage($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        modelVersion { classes embeddingWidth encoderSha256 model { name } }
        visionLanguageModel { name }
        conceptSet { name }
        dataset { name }
        detectorMetrics { ...DetectorMetrics }
        report {
          detector { ...DetectorSummary }
        }
        project {
          id
          slug
          detectors(published: true, first: 100) { edges { node { ...PublishedDetector } } }
        }
      }
    }
  }`,
  [detectorMetricsFragment, detectorSummaryFragment, publishedDetectorFragment],
);

type Node = NonNullable<ResultOf<typeof detectorQuery>["node"]>;
type Run = Extract<Node, { __typename: "Run" }>;

/** How well the run's detectors find its defects, and what a threshold costs; publishing, and using what is published. */
export function DetectorPage({ runId }: { runId: string }) {
  const [state, retry] = useQuery({ query: detectorQuery, variables: { id: runId } });
  return (
    <Loaded state={state} retry={retry} what="the detectors" skeleton={<Skeleton className="h-96" />}>
      {({ node }) => {
        if (node?.__typename !== "Run" || !node.report)
          return <EmptyState title="This run has no report, so no detector was measured" />;
        if (node.detectorMetrics.length === 0)
          return (
            <EmptyState title="Detectors could not be measured in this run">
              <p>
                Measuring needs both {node.report.detector.positiveLabel} and{" "}
                {node.report.detector.negativeLabel} among the evaluated inputs.
              </p>
            </EmptyState>
          );
        return (
          <RunDetectors
            key={runId}
            run={node}
            report={node.report}
            refresh={() => retry({ requestPolicy: "network-only" })}
          />
        );
      }}
    </Loaded>
  );
}

function RunDetectors({
  run,
  report,
  refresh,
}: {
  run: Run;
  report: NonNullable<Run["report"]>;
  refresh: () => void;
}) {
  const metrics = run.detectorMetrics;
  const summary = report.detector;
  const inUse = detectorOf(summary.similarity);
  const [wanted, setWanted] = useQueryState("detector", inUse);
  const chosen = metrics.find(({ detector }) => detector === wanted) ?? metrics[0];
  const best = metrics.find(({ semantic, detector }) => !semantic && detector !== chosen.detector);
  const [against, setAgainst] = useQueryState("against", best?.detector ?? "");
  const rival = metrics.some(({ detector }) => detector === against) ? against : null;
  const choice: CurveChoice = { chosen: chosen.detector, rival };

  // The slider stands at a false-alarm rate, so that another detector is shown at the same cost.
  const [rate, setRate] = useState(summary.falseAlarmRate ?? 0.05);
  const index = pointAtFalseAlarmRate(chosen.roc, rate);
  const [exact, setExact] = useState<{ detector: string; index: number } | null>(null);
  const at = exact?.detector === chosen.detector ? exact.index : index;
  const point = operatingPoint(chosen.roc[at], chosen.positives, chosen.negatives);
  const moveTo = (next: number) => {
    setExact({ detector: chosen.detector, index: next });
    setRate(chosen.roc[next].falsePositiveRate);
  };

  const [rule, setRule] = useState<PublishedRule>({
    kind: summary.falseAlarmRate === null ? "zero" : "rate",
    similarity: summary.similarity,
    rate: String(Number(((summary.falseAlarmRate ?? 0.05) * 100).toPrecision(6))),
    threshold: "",
  });
  const form = useRef<HTMLDivElement>(null);
  const similarity = similarityOf(chosen.detector);
  const use = () => {
    if (!similarity || point.threshold === null) return;
    setRule({ ...rule, kind: "threshold", similarity, threshold: String(justBelow(point.threshold)) });
    form.current?.scrollIntoView({ block: "center" });
    form.current?.querySelector("input")?.focus({ preventScroll: true });
  };

  const published = run.project.detectors.edges
    .map(({ node }) => node)
    .toSorted((a, b) => (b.publishedAt ?? "").localeCompare(a.publishedAt ?? ""));
  const [used, setUsed] = useState<string | null>(null);
  const inSnippets = published.find(({ id }) => id === used) ?? published[0];

  return (
    <div className="grid gap-4">
      <p className="text-sm text-muted">In this run: {detectorSummary(summary)}</p>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <SelectField
          label="Detector"
          value={chosen.detector}
          onChange={(event) => setWanted(event.target.value)}
        >
          {metrics.map(({ detector, semantic }) => (
            <option key={detector} value={detector}>
              {detectorName(detector)} {semantic ? "(ours)" : "(baseline)"}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="held against"
          value={rival ?? ""}
          onChange={(event) => setAgainst(event.target.value)}
        >
          {metrics
            .filter(({ detector }) => detector !== chosen.detector)
            .map(({ detector, semantic }) => (
              <option key={detector} value={detector}>
                {detectorName(detector)} {semantic ? "(ours)" : "(baseline)"}
              </option>
            ))}
        </SelectField>
      </div>
      <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
        <RocCurves metrics={metrics} choice={choice} point={chosen.roc[at]} onChoose={setWanted} />
        <RiskCoverageCurves metrics={metrics} choice={choice} point={point} onChoose={setWanted} />
        <div className="grid min-w-0 md:col-span-2 xl:col-span-1">
          <ThresholdExplorer
            name={detectorName(chosen.detector)}
            roc={chosen.roc}
            index={at}
            onIndex={moveTo}
            point={point}
            positives={{ inputs: chosen.positives, name: summary.positiveLabel }}
            negatives={{ inputs: chosen.negatives, name: summary.negativeLabel }}
            onUse={similarity ? use : null}
          />
        </div>
      </div>
      <section aria-labelledby="all-detectors" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
        <DetectorMetrics metrics={metrics} choice={choice} onChoose={setWanted} />
      </section>
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)] xl:grid-cols-[minmax(0,1fr)_minmax(0,2fr)]">
        <div ref={form} className="min-w-0">
          <PublishDetector
            runId={run.id}
            rule={rule}
            onRule={setRule}
            names={[...new Set(published.map(({ name }) => name))]}
            onPublished={(id) => {
              setUsed(id);
              refresh();
            }}
          />
        </div>
        <PublishedDetectors detectors={published} chosen={inSnippets?.id ?? null} onChoose={setUsed} />
      </div>
      {inSnippets ? (
        <CodeSnippets
          subject={{
            origin: location.origin,
            detectorId: inSnippets.id,
            artifactUrl: inSnippets.artifactUrl,
            embeddingWidth: run.modelVersion.embeddingWidth,
            hasEncoder: run.modelVersion.encoderSha256 !== null,
            exampleClass: run.modelVersion.classes[0],
            runId: run.id,
            project: run.project.slug,
            model: run.modelVersion.model.name,
            visionLanguageModel: run.visionLanguageModel.name,
            conceptSet: run.conceptSet.name,
            dataset: run.dataset.name,
          }}
        />
      ) : (
        <EmptyState title="Publish a detector to use it">
          <p>Its artifact and snippets for curl, TypeScript and CI appear here.</p>
        </EmptyState>
      )}
    </div>
  );
}
