"use client";

import { useQuery } from "urql";
import { graphql } from "../../graphql.ts";
import { ReportWarnings } from "../../runs/report-warnings.tsx";
import { ResponsibleConcepts } from "../../runs/responsible-concepts.tsx";
import { SelectField } from "../../ui/form-controls.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { ClassConceptHeatmap } from "./class-concept-heatmap.tsx";
import { ClassFaults, classFaultsFragment } from "./class-faults.tsx";
import { ConfusionMatrix, confusionFragment } from "./confusion-matrix.tsx";
import { FaultExplanations, faultExplanationsFragment } from "./fault-explanations.tsx";
import { PairHeatmap } from "./pair-heatmap.tsx";
import { headlinesFragment, ReportHeadlines } from "./report-headlines.tsx";

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
