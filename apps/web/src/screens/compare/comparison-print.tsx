"use client";

import { useSearchParams } from "next/navigation";
import { useQuery } from "urql";
import { percent } from "../../format/number.ts";
import { moment } from "../../format/time.ts";
import { compareHref, readComparisonState } from "../../runs/comparison-address.ts";
import { ReportWarnings } from "../../runs/report-warnings.tsx";
import { configurationText } from "../../runs/run-configuration.ts";
import { shortRunName } from "../../runs/run-name.ts";
import type { Column } from "../../ui/data-table.tsx";
import { EmptyState, ErrorNotice, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { PrintFacts, PrintSection, PrintSheet, PrintTable } from "../../ui/print-sheet.tsx";
import { ComparisonMatrix } from "./comparison-matrix.tsx";
import { ComparisonMetrics } from "./comparison-metrics.tsx";
import { DifferenceSheet } from "./comparison-print-difference.tsx";
import { type ComparedRun, comparisonPrintQuery, type PrintedComparison } from "./comparison-print-query.ts";

/** Inputs of each list of changes on paper. */
const mostInputs = 20;

/** Everything that a comparison says, as a sheet to print or to keep as PDF. */
export function ComparisonPrint() {
  const state = readComparisonState(useSearchParams());
  const [result, retry] = useQuery({
    query: comparisonPrintQuery,
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
  comparison: PrintedComparison;
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
    <PrintSheet title={`Comparison of ${names.join(", ")}`} back={back} wide={runs.length > 2}>
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
      <PrintSection
        title="Accuracy and faults by class"
        note="Accuracy; misclassified inputs by encoder / head / undecided."
      >
        <PrintTable
          label="Accuracy and faults by class"
          columns={classColumns(runs, names)}
          rows={runs[0].modelVersion.classes}
        />
      </PrintSection>
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
      <PrintSection title="Configuration and hashes">
        <div className="grid gap-4">
          {runs.map((run, i) => (
            <div key={run.id} className="break-inside-avoid">
              <h3 className="mb-1 font-medium">{names[i]}</h3>
              <PrintFacts facts={factsOf(run)} />
            </div>
          ))}
        </div>
      </PrintSection>
    </PrintSheet>
  );
}

function classColumns(runs: readonly ComparedRun[], names: readonly string[]): Column<string>[] {
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

function factsOf(run: ComparedRun): [string, string][] {
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
    ["Configuration", configurationText(run.configuration)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] != null);
}
