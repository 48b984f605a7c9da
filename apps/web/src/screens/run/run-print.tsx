"use client";

import { useQuery } from "urql";
import { RiskCoveragePlot, RocPlot } from "../../detectors/detector-curves.tsx";
import { detectorOf } from "../../detectors/detector-names.ts";
import { detectorSummary } from "../../detectors/detector-summary.ts";
import { count, decimal } from "../../format/number.ts";
import { moment } from "../../format/time.ts";
import { hasDifferences } from "../../runs/differential-fragment.ts";
import { effectColumns } from "../../runs/effect-columns.tsx";
import { PrintDifferential } from "../../runs/print-differential.tsx";
import { ReportWarnings } from "../../runs/report-warnings.tsx";
import { shortRunName } from "../../runs/run-name.ts";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { PrintFacts, PrintSection, PrintSheet, PrintTable } from "../../ui/print-sheet.tsx";
import { headColumns, shiftColumns } from "./fault-explanations.tsx";
import { mostConfused, PrintClassConcepts, PrintConfusions } from "./print-matrix.tsx";
import { ReportHeadlines } from "./report-headlines.tsx";
import {
  type AlignmentRow,
  alignmentColumns,
  classColumns,
  metricColumns,
  pairColumns,
} from "./run-print-columns.tsx";
import { runFacts } from "./run-print-facts.ts";
import { type PrintedReport, type PrintedRun, runPrintQuery } from "./run-print-query.ts";

/** Confusions on paper beside the matrix, and without one; the dashboard shows all. */
const mostPairs = { beside: 12, alone: 30 };

/** Shifts above this q-value are left to the dashboard. */
const significant = 0.05;

/** Everything that a run's report says, as a sheet to print or to keep as PDF. */
export function RunPrint({ id }: { id: string }) {
  const [state, retry] = useQuery({ query: runPrintQuery, variables: { id } });
  return (
    <Loaded
      wholePage
      state={state}
      retry={retry}
      what="the report"
      skeleton={<Skeleton className="mx-auto h-[80vh] max-w-[210mm]" />}
    >
      {({ node }) =>
        node?.__typename === "Run" && node.report ? (
          <RunSheet run={node} report={node.report} />
        ) : (
          <EmptyState wholePage title="This run has no report">
            It may still be running, or you may not see it.
          </EmptyState>
        )
      }
    </Loaded>
  );
}

function RunSheet({ run, report }: { run: PrintedRun; report: PrintedReport }) {
  const title = `${run.modelVersion.model.name} ${shortRunName(run)}`;
  const { alignment } = report;
  const alignments: AlignmentRow[] = [
    { on: "evaluated inputs", ...alignment.evaluated },
    ...(alignment.clean ? [{ on: "their clean inputs", ...alignment.clean }] : []),
    ...(alignment.heldOut ? [{ on: "held-out inputs of the fit", ...alignment.heldOut }] : []),
  ];
  return (
    <PrintSheet title={`Report of ${title}`} back={`/runs/${encodeURIComponent(run.id)}`}>
      <header>
        <p className="text-xs text-muted">Fault report</p>
        <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        <p className="text-muted">
          {run.dataset.name} · {run.conceptSet.name} v{run.conceptSet.version} ·{" "}
          {run.visionLanguageModel.name}
          {run.finishedAt && <> · finished {moment(run.finishedAt)}</>}
        </p>
      </header>
      <div className="grid gap-2">
        <ReportHeadlines report={report} />
      </div>
      <ReportWarnings warnings={report.warnings} />
      <PrintSection
        title="Faults by class"
        note="Counts of misclassified inputs; shares of the class's errors with 95 % Wilson intervals."
      >
        <PrintTable label="Faults by class" columns={classColumns} rows={report.classes} />
      </PrintSection>
      <Confusions classes={run.modelVersion.classes} report={report} />
      <PrintSection
        title="Responsible concepts"
        note="Effect: how much more often the concept wins when the answer is wrong, all classes."
      >
        <PrintTable
          label="Responsible concepts"
          columns={effectColumns(report.responsibleConcepts)}
          rows={report.responsibleConcepts}
          empty="No cell of the differential heatmap is significant."
        />
      </PrintSection>
      {run.differentialHeatmap && hasDifferences(run.differentialHeatmap) && (
        <PrintSection
          together
          title="Correct − incorrect"
          note={`Teal: “row > column” is more frequent when the answer is right; brown: when it is wrong. Full colour: the ${count(run.differentialHeatmap.significantCells)} significant of ${count(run.differentialHeatmap.testedCells)} tested cells (q ≤ ${run.differentialHeatmap.significanceLevel}).`}
        >
          <div className="max-w-[130mm]">
            <PrintDifferential label="Correct − incorrect of all classes" heatmap={run.differentialHeatmap} />
          </div>
        </PrintSection>
      )}
      {report.attackConcepts && (
        <PrintSection title={`What ${run.attackType?.name ?? "the attack"} changed`} note="Clean − attacked.">
          <PrintTable
            label="Concepts changed by the attack"
            columns={effectColumns(report.attackConcepts)}
            rows={report.attackConcepts}
            empty="No significant change."
          />
        </PrintSection>
      )}
      <Explanations report={report} />
      {run.classConceptView && (
        <PrintSection
          title="Class × concept"
          note="Win rate: how often the concept is stronger than the others in inputs labelled with the class."
        >
          <PrintClassConcepts view={run.classConceptView} />
        </PrintSection>
      )}
      <PrintSection title="Detector" note={detectorSummary(report.detector)}>
        {run.detectorMetrics.length > 0 && <Curves run={run} report={report} />}
        <PrintTable
          label="Detectors and baselines"
          columns={metricColumns}
          rows={run.detectorMetrics}
          empty="Not measured: the run has no defects, or nothing else."
        />
      </PrintSection>
      <PrintSection
        title="Alignment and oracle"
        note={`Ridge λ ${Number(alignment.lambda.toPrecision(4))}, rank ${alignment.rank}. Oracle margin ${report.oracle.margin === null ? "not reached" : decimal(report.oracle.margin)}.`}
      >
        <PrintTable label="Alignment" columns={alignmentColumns} rows={alignments} />
      </PrintSection>
      <PrintSection title="Configuration and hashes">
        <PrintFacts facts={runFacts(run, report)} />
      </PrintSection>
    </PrintSheet>
  );
}

function Confusions({ classes, report }: { classes: readonly string[]; report: PrintedReport }) {
  const confusions = report.pairs
    .filter(({ trueClass, predictedClass }) => trueClass !== predictedClass)
    .toSorted((a, b) => b.inputs - a.inputs);
  const matrix = classes.length <= mostConfused;
  const shown = confusions.slice(0, matrix ? mostPairs.beside : mostPairs.alone);
  return (
    <>
      {matrix && (
        <PrintSection
          together
          title="Confusion matrix"
          note="Colour: share of the row, stretched at the low end."
        >
          <PrintConfusions classes={classes} pairs={report.pairs} />
        </PrintSection>
      )}
      <PrintSection
        title="Confusions"
        note={
          confusions.length > shown.length
            ? `The ${shown.length} most frequent of ${count(confusions.length)}.`
            : "Most frequent first."
        }
      >
        <PrintTable
          label="Confusions"
          columns={pairColumns}
          rows={shown}
          empty="No input was misclassified."
        />
      </PrintSection>
    </>
  );
}

/** The run's own detector against the best baseline, all others behind them. */
function Curves({ run: { detectorMetrics: metrics }, report }: { run: PrintedRun; report: PrintedReport }) {
  const own = detectorOf(report.detector.similarity);
  const chosen = metrics.some(({ detector }) => detector === own) ? own : metrics[0].detector;
  const rival = metrics.find(({ semantic, detector }) => !semantic && detector !== chosen);
  const choice = { chosen, rival: rival?.detector ?? null };
  return (
    <div className="my-2 grid break-inside-avoid grid-cols-2 gap-4">
      <RocPlot metrics={metrics} choice={choice} point={null} />
      <RiskCoveragePlot metrics={metrics} choice={choice} point={null} />
    </div>
  );
}

function Explanations({ report }: { report: PrintedReport }) {
  const shifts = report.encoderExplanation.filter(({ qValue }) => qValue <= significant);
  return (
    <>
      <PrintSection
        title="What the encoder lost or invented"
        note={`Shift against the VLM's own view of the same pictures in standard deviations, encoder faults only: ${count(shifts.length)} of ${count(report.encoderExplanation.length)} concepts with q ≤ ${significant}.`}
      >
        <PrintTable
          label="Concepts that the encoder lost or invented"
          columns={shiftColumns}
          rows={shifts}
          empty="No encoder fault to explain."
        />
      </PrintSection>
      <PrintSection
        title="What the head weighs wrongly"
        note="By class pair, concepts that pull to the predicted class."
      >
        <PrintTable
          label="Concepts that the head weighs wrongly"
          columns={headColumns}
          rows={report.headExplanation}
          empty="No head fault to explain."
        />
      </PrintSection>
    </>
  );
}
