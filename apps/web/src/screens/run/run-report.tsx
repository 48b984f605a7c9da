"use client";

import { TriangleAlert } from "lucide-react";
import { useQuery } from "urql";
import { count, decimal, percent } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultShape } from "../../runs/marks.tsx";
import { ResponsibleConcepts } from "../../runs/responsible-concepts.tsx";
import { SelectField } from "../../ui/form-controls.tsx";
import { Headline, Headlines } from "../../ui/interval-value.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { ClassConceptHeatmap } from "./class-concept-heatmap.tsx";
import { ClassFaults, classFaultsFragment } from "./class-faults.tsx";
import { ConfusionMatrix, confusionFragment } from "./confusion-matrix.tsx";
import { FaultExplanations, faultExplanationsFragment } from "./fault-explanations.tsx";
import { PairHeatmap } from "./pair-heatmap.tsx";

export const headlinesFragment = graphql(`
  fragment Headlines on FaultReport @_unmask {
    inputs
    labelled
    misclassified
    quarantined
    accuracy { value low high }
    encoderFaults { count share { value low high } }
    headFaults { count share { value low high } }
    undecidedFaults { count share { value low high } }
    correctedEncoderShare { value low high }
    correctedHeadShare { value low high }
    alignment { evaluated { inputs r2 meanCosine centredCosine } clean { inputs r2 meanCosine centredCosine } }
    oracle {
      errorOnCorrect { value low high }
      zeroShotAccuracy { value low high }
      agreement { variant localised changed }
    }
    detector { similarity auroc { value low high } positives negatives }
    warnings { code message }
    resultSha256
  }
`);

const reportQuery = graphql(
  `query RunReport($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        modelVersion { classes }
        attackType { name }
        report { ...Headlines ...ClassFaults ...Confusion ...FaultExplanations }
      }
    }
  }`,
  [headlinesFragment, classFaultsFragment, confusionFragment, faultExplanationsFragment],
);

const variantNames = {
  CLASS_TEXT: "class text on a(x)",
  CLASS_HEATMAP: "nearest class heatmap",
  VLM_IMAGE: "the VLM's own image embedding",
} as const;

/** The numbers at the head of a report. */
export function ReportHeadlines({ report }: { report: ResultOf<typeof headlinesFragment> }) {
  const { alignment, oracle } = report;
  const faults = [
    {
      fault: "ENCODER" as const,
      name: "Encoder faults",
      share: report.encoderFaults,
      corrected: report.correctedEncoderShare,
    },
    {
      fault: "HEAD" as const,
      name: "Head faults",
      share: report.headFaults,
      corrected: report.correctedHeadShare,
    },
    { fault: "UNDECIDED" as const, name: "Undecided", share: report.undecidedFaults, corrected: null },
  ];
  const changed = oracle.agreement
    .filter(({ localised }) => localised > 0)
    .map(
      ({ variant, localised: total, changed: some }) =>
        `${variantNames[variant]} ${percent(some / total, 0)}`,
    )
    .join(", ");
  return (
    <>
      <Headlines>
        <Headline
          name="Accuracy"
          interval={report.accuracy}
          note={`${count(report.misclassified)} of ${count(report.labelled)} misclassified`}
        />
        {faults.map(({ fault, name, share, corrected }) => (
          <Headline
            key={fault}
            name={name}
            mark={<FaultShape fault={fault} />}
            interval={share.share}
            note={
              corrected
                ? `${count(share.count)} · corrected for the oracle ${percent(corrected.value)}`
                : `${count(share.count)} of ${count(report.misclassified)}`
            }
          />
        ))}
        <Headline
          name="Detector AUROC"
          interval={report.detector.auroc}
          unit="area"
          note={report.detector.similarity.toLowerCase().replaceAll("_", " ")}
        />
        <Headline
          name="Alignment R²"
          value={decimal(alignment.evaluated.r2, 2)}
          note={
            alignment.clean
              ? `clean inputs ${decimal(alignment.clean.r2, 2)} · centred cosine ${decimal(alignment.evaluated.centredCosine, 2)}`
              : `cosine ${decimal(alignment.evaluated.meanCosine, 2)}, centred ${decimal(alignment.evaluated.centredCosine, 2)}`
          }
        />
        <Headline
          name="Oracle error on correct"
          interval={oracle.errorOnCorrect}
          note={
            oracle.zeroShotAccuracy
              ? `zero-shot accuracy ${percent(oracle.zeroShotAccuracy.value)}`
              : undefined
          }
        />
      </Headlines>
      <p className="text-xs text-muted">
        Shares are of the misclassified inputs; ranges are 95 % intervals.
        {changed && ` With another oracle, localisations change: ${changed}.`}
        {report.quarantined > 0 && ` ${count(report.quarantined)} inputs were quarantined.`} Result{" "}
        <code title={report.resultSha256}>{report.resultSha256.slice(0, 12)}</code>
      </p>
    </>
  );
}

/** Warnings of a report: what could mislead a reader of its numbers. */
export function ReportWarnings({ warnings }: { warnings: readonly { code: string; message: string }[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul aria-label="Warnings" className="grid gap-1 rounded-lg border bg-caution-soft px-4 py-3 text-sm">
      {warnings.map(({ code, message }) => (
        <li key={code + message} className="flex gap-2">
          <TriangleAlert size={15} className="mt-0.5 shrink-0 text-caution" aria-hidden />
          <span>{message}</span>
        </li>
      ))}
    </ul>
  );
}

/** The fault report of a finished run. */
export function RunReport({ id }: { id: string }) {
  const [state, retry] = useQuery({ query: reportQuery, variables: { id } });
  const [chosenClass, setChosenClass] = useQueryState("class", "");
  return (
    <Loaded state={state} retry={retry} what="the report" skeleton={<ReportSkeleton />}>
      {({ node }) => {
        if (node?.__typename !== "Run" || !node.report)
          return <EmptyState title="This run has no report">It may still be running.</EmptyState>;
        const { report } = node;
        const { classes } = node.modelVersion;
        return (
          <div className="grid grid-cols-1 gap-4">
            <ReportHeadlines report={report} />
            <ReportWarnings warnings={report.warnings} />
            <div className="grid gap-4 xl:grid-cols-2">
              <ClassFaults runId={id} report={report} />
              <ConfusionMatrix runId={id} classes={classes} report={report} />
            </div>
            <ClassConceptHeatmap runId={id} />
            <div className="no-print sticky top-0 z-20 sm:top-12 -mx-1 flex flex-wrap items-center gap-3 border-y bg-page/95 px-1 py-2 backdrop-blur">
              <SelectField
                label="Class"
                value={chosenClass}
                onChange={(event) => setChosenClass(event.target.value)}
              >
                <option value="">All classes</option>
                {classes.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </SelectField>
              <span className="text-sm text-muted">for everything below</span>
            </div>
            <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
              <PairHeatmap runId={id} chosenClass={chosenClass || null} fixedKind="differential" />
              <ResponsibleConcepts runId={id} chosenClass={chosenClass || null} />
            </div>
            <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
              <PairHeatmap runId={id} chosenClass={chosenClass || null} />
              <FaultExplanations report={report} attack={node.attackType?.name ?? null} />
            </div>
          </div>
        );
      }}
    </Loaded>
  );
}

function ReportSkeleton() {
  return (
    <div className="grid grid-cols-1 gap-4">
      <Skeleton className="h-20" />
      <div className="grid gap-4 xl:grid-cols-2">
        <Skeleton className="h-80" />
        <Skeleton className="h-80" />
      </div>
      <Skeleton className="h-96" />
    </div>
  );
}
