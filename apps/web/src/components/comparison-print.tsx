"use client";

import { useSearchParams } from "next/navigation";
import { useQuery } from "urql";
import { graphql, type ResultOf } from "../graphql.ts";
import { compareHref, readComparisonState } from "../plots/compare-state.ts";
import { count, decimal, moment, percent, signedDecimal } from "../plots/number-format.ts";
import { type WinRateChange, winRateChanges } from "../plots/win-rate-changes.ts";
import { ComparisonMatrix, comparisonMatrixFragment } from "./comparison-matrix.tsx";
import { ComparisonMetrics, comparisonMetricsFragment } from "./comparison-metrics.tsx";
import type { Column } from "./data-table.tsx";
import { runNameFragment, shortRunName } from "./marks.tsx";
import { EmptyState, ErrorNotice, Loaded, Skeleton } from "./page-states.tsx";
import { Paper, PaperFacts, PaperSection, PaperTable } from "./paper.tsx";
import { effectColumns } from "./run-print.tsx";
import { ReportWarnings } from "./run-report.tsx";

/** Inputs of each list of changes on paper. */
const mostInputs = 20;

/** Concepts and cells of each list of differences on paper. */
const mostConcepts = 15;

// Aliases: gql.tada cannot join a list of a fragment with the same list of the query.
const printQuery = graphql(
  `query ComparisonPrint($ids: [ID!]!, $class: String, $first: Int!) {
    compareRuns(ids: $ids) {
      __typename
      ... on RunComparison {
        ...ComparisonMetrics
        ...ComparisonMatrix
        compared: runs {
          ...RunName
          id
          seed
          configuration
          finishedAt
          conceptSet { name version }
          visionLanguageModel { name }
          modelVersion { classes encoderSha256 headSha256 }
          classConceptView { classes axis values }
          report {
            classes {
              class
              accuracy { value }
              encoderFaults { count }
              headFaults { count }
              undecidedFaults { count }
            }
            warnings { code message }
            resultSha256
          }
        }
        changes: differences {
          run { id }
          differentialHeatmap(class: $class) {
            testedCells
            significantCells
            responsibleConcepts { concept effect { value low high } qValue significantCells }
          }
          regressions(first: $first) {
            totalCount
            edges { node { externalId trueClass predictedClass fault } }
          }
          fixes(first: $first) { totalCount edges { node { externalId trueClass predictedClass fault } } }
        }
      }
      ... on Error { message }
    }
  }`,
  [runNameFragment, comparisonMetricsFragment, comparisonMatrixFragment],
);

type Comparison = Extract<ResultOf<typeof printQuery>["compareRuns"], { __typename: "RunComparison" }>;
type Run = Comparison["compared"][number];
type Difference = Comparison["changes"][number];
type Changed = Difference["regressions"]["edges"][number]["node"];

const changeColumns: Column<WinRateChange>[] = [
  { id: "class", header: "Class", value: (row) => row.class },
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "before",
    header: "Baseline",
    align: "right",
    value: (row) => row.before,
    cell: (row) => decimal(row.before, 2),
  },
  {
    id: "after",
    header: "Now",
    align: "right",
    value: (row) => row.after,
    cell: (row) => decimal(row.after, 2),
  },
  {
    id: "change",
    header: "Change",
    align: "right",
    value: (row) => row.after - row.before,
    cell: (row) => signedDecimal(row.after - row.before, 2),
  },
];

const inputColumns: Column<Changed>[] = [
  { id: "input", header: "Input", value: (row) => row.externalId, className: "break-all" },
  { id: "true", header: "True", value: (row) => row.trueClass },
  { id: "predicted", header: "Predicted now", value: (row) => row.predictedClass },
  { id: "fault", header: "Fault", value: (row) => row.fault?.toLowerCase() },
];

/** Everything that a comparison says, as a sheet to print or to keep as PDF. */
export function ComparisonPrint() {
  const state = readComparisonState(useSearchParams());
  const [result, retry] = useQuery({
    query: printQuery,
    variables: { ids: [...state.runs], class: state.class || null, first: mostInputs },
    pause: state.runs.length < 2,
  });
  if (state.runs.length < 2)
    return (
      <EmptyState wholePage title="Choose two to six runs">
        <p>Their ids stand in the address, as the compare page writes them.</p>
      </EmptyState>
    );
  return (
    <Loaded
      wholePage
      state={result}
      retry={retry}
      what="the comparison"
      skeleton={<Skeleton className="mx-auto h-[80vh] max-w-[210mm]" />}
    >
      {({ compareRuns }) =>
        compareRuns.__typename === "RunComparison" ? (
          <ComparisonSheet comparison={compareRuns} back={compareHref(state)} chosenClass={state.class} />
        ) : (
          <ErrorNotice wholePage title="These runs cannot be compared" message={compareRuns.message} />
        )
      }
    </Loaded>
  );
}

function ComparisonSheet({
  comparison,
  back,
  chosenClass,
}: {
  comparison: Comparison;
  back: string;
  chosenClass: string;
}) {
  const { compared: runs, changes } = comparison;
  const names = runs.map(shortRunName);
  const nameOf = (id: string) => names[runs.findIndex((run) => run.id === id)] ?? id;
  const warnings = runs.flatMap((run, i) =>
    (run.report?.warnings ?? []).map(({ code, message }) => ({ code, message: `${names[i]}: ${message}` })),
  );
  return (
    <Paper title={`Comparison of ${names.join(", ")}`} back={back} wide={runs.length > 2}>
      <header>
        <p className="text-xs text-muted">Comparison of runs</p>
        <h1 className="text-xl font-semibold tracking-tight">
          {runs[0].modelVersion.model.name}: {names.join(", ")}
        </h1>
        <p className="text-muted">Baseline: {names[0]}.</p>
      </header>
      <ComparisonMetrics comparison={comparison} names={names} />
      <ReportWarnings warnings={warnings} />
      <ComparisonMatrix comparison={comparison} />
      <PaperSection
        title="Accuracy and faults by class"
        note="Accuracy; misclassified inputs by encoder / head / undecided."
      >
        <PaperTable
          label="Accuracy and faults by class"
          columns={classColumns(runs, names)}
          rows={runs[0].modelVersion.classes}
        />
      </PaperSection>
      {changes.map((difference) => (
        <DifferenceSheet
          key={difference.run.id}
          difference={difference}
          name={nameOf(difference.run.id)}
          baseline={runs[0]}
          run={runs.find(({ id }) => id === difference.run.id) ?? null}
          ofClass={chosenClass || "all classes"}
        />
      ))}
      <PaperSection title="Configuration and hashes">
        <div className="grid gap-4">
          {runs.map((run, i) => (
            <div key={run.id} className="break-inside-avoid">
              <h3 className="mb-1 font-medium">{names[i]}</h3>
              <PaperFacts facts={factsOf(run)} />
            </div>
          ))}
        </div>
      </PaperSection>
    </Paper>
  );
}

function DifferenceSheet({
  difference,
  name,
  baseline,
  run,
  ofClass,
}: {
  difference: Difference;
  name: string;
  baseline: Run;
  run: Run | null;
  ofClass: string;
}) {
  const heatmap = difference.differentialHeatmap;
  const changes =
    baseline.classConceptView && run?.classConceptView
      ? winRateChanges(baseline.classConceptView, run.classConceptView, mostConcepts)
      : [];
  const lists = [
    { title: "Regressions", note: "Right in the baseline, wrong now", list: difference.regressions },
    { title: "Fixes", note: "Wrong in the baseline, right now", list: difference.fixes },
  ];
  return (
    <PaperSection
      title={`${name} against ${shortRunName(baseline)}`}
      note={
        heatmap &&
        `Differential heatmap of ${ofClass}: ${count(heatmap.significantCells)} of ${count(heatmap.testedCells)} tested cells are significant.`
      }
    >
      <div className="grid gap-4 pt-1">
        <div>
          <h3 className="font-medium">Responsible concepts</h3>
          <PaperTable
            label={`Responsible concepts, ${name}`}
            columns={effectColumns}
            rows={heatmap?.responsibleConcepts.slice(0, mostConcepts) ?? []}
            empty="No significant change."
          />
        </div>
        <div>
          <h3 className="font-medium">Largest changes of class × concept win rates</h3>
          <PaperTable
            label={`Changes of win rates, ${name}`}
            columns={changeColumns}
            rows={changes}
            empty="None, or the runs share no concept."
          />
        </div>
        {lists.map(({ title, note, list }) => (
          <div key={title}>
            <h3 className="font-medium">
              {title}: {count(list.totalCount)}
            </h3>
            <p className="text-xs text-muted">
              {note}
              {list.totalCount > list.edges.length && `; the first ${count(list.edges.length)}`}.
            </p>
            <PaperTable
              label={`${title}, ${name}`}
              columns={inputColumns}
              rows={list.edges.map(({ node }) => node)}
            />
          </div>
        ))}
      </div>
    </PaperSection>
  );
}

function classColumns(runs: readonly Run[], names: readonly string[]): Column<string>[] {
  return [
    { id: "class", header: "Class", value: (name) => name },
    ...runs.map((run, i): Column<string> => {
      const of = (name: string) => run.report?.classes.find((row) => row.class === name);
      return {
        id: run.id,
        header: names[i],
        align: "right",
        value: (name) => of(name)?.accuracy?.value,
        cell: (name) => {
          const row = of(name);
          if (!row) return "–";
          return (
            <>
              {percent(row.accuracy?.value)}{" "}
              <span className="whitespace-nowrap text-faint">
                {row.encoderFaults.count} / {row.headFaults.count} / {row.undecidedFaults.count}
              </span>
            </>
          );
        },
      };
    }),
  ];
}

function factsOf(run: Run): [string, string][] {
  const facts: [string, string | null | undefined][] = [
    ["Result sha256", run.report?.resultSha256],
    ["Run", run.id],
    [
      "Made of",
      `${run.dataset.name}, ${run.conceptSet.name} v${run.conceptSet.version}, ${run.visionLanguageModel.name}`,
    ],
    ["Finished", run.finishedAt && moment(run.finishedAt)],
    ["Encoder sha256", run.modelVersion.encoderSha256],
    ["Head sha256", run.modelVersion.headSha256],
    ["Seed", String(run.seed)],
    ["Configuration", JSON.stringify(run.configuration)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] != null);
}
