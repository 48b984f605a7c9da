"use client";

import { useQuery } from "urql";
import { graphql, type ResultOf } from "../graphql.ts";
import { detectorName } from "../plots/detector-names.ts";
import { detectorSummary } from "../plots/detector-summary.ts";
import {
  count,
  decimal,
  duration,
  moment,
  percent,
  percentInterval,
  probability,
  signedDecimal,
} from "../plots/number-format.ts";
import { classFaultsFragment } from "./class-faults.tsx";
import { confusionFragment } from "./confusion-matrix.tsx";
import type { Column } from "./data-table.tsx";
import { faultExplanationsFragment } from "./fault-explanations.tsx";
import { IntervalValue } from "./interval-value.tsx";
import { runNameFragment, shortRunName } from "./marks.tsx";
import { EmptyState, Loaded, Skeleton } from "./page-states.tsx";
import { Paper, PaperClassConcepts, PaperFacts, PaperSection, PaperTable } from "./paper.tsx";
import { headlinesFragment, ReportHeadlines, ReportWarnings } from "./run-report.tsx";

const printQuery = graphql(
  `query RunPrint($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run {
        ...RunName
        id
        seed
        configuration
        startedAt
        finishedAt
        modelVersion {
          classes
          encoderSha256
          headSha256
          embeddingWidth
          gitCommit
          trainingDataTag
          model { name }
        }
        visionLanguageModel { name imageTowerSha256 textTowerSha256 tokenizerSha256 embeddingWidth }
        conceptSet { name version templates concepts { phrase } }
        dataset { name inputCount }
        attackType { name norm epsilon steps }
        classConceptView { classes axis values inputs }
        detectorMetrics {
          detector
          semantic
          positives
          negatives
          auroc { value low high }
          auprIn
          auprOut
          falsePositiveRateAt95
          areaUnderRiskCoverage
        }
        report {
          ...Headlines
          ...ClassFaults
          ...Confusion
          ...FaultExplanations
          responsibleConcepts(first: 20) { concept effect { value low high } qValue significantCells }
          alignment {
            evaluated { inputs r2 meanCosine centredCosine }
            clean { inputs r2 meanCosine centredCosine }
            heldOut { inputs r2 meanCosine centredCosine }
            lambda
            rank
          }
          oracle { margin }
          detector {
            similarity
            falseAlarmRate
            threshold
            positives
            negatives
            pooledClasses
            measuredFalseAlarmRate { value low high }
            measuredDetectionRate { value low high }
          }
          resultSha256
        }
      }
    }
  }`,
  [runNameFragment, headlinesFragment, classFaultsFragment, confusionFragment, faultExplanationsFragment],
);

type Run = Extract<NonNullable<ResultOf<typeof printQuery>["node"]>, { __typename: "Run" }>;
type Report = NonNullable<Run["report"]>;
type ClassRow = Report["classes"][number];
type PairRow = Report["pairs"][number];
type Responsible = Report["responsibleConcepts"][number];
type Metric = Run["detectorMetrics"][number];

/** Confusions on paper; the dashboard shows all. */
const mostPairs = 30;

const classColumns: Column<ClassRow>[] = [
  { id: "class", header: "Class", value: (row) => row.class },
  { id: "inputs", header: "Inputs", align: "right", value: (row) => row.inputs },
  {
    id: "accuracy",
    header: "Accuracy",
    align: "right",
    value: (row) => row.accuracy?.value,
    cell: (row) => <IntervalValue interval={row.accuracy} beside />,
  },
  share("encoder", "Encoder", (row) => row.encoderFaults),
  share("head", "Head", (row) => row.headFaults),
  share("undecided", "Undecided", (row) => row.undecidedFaults),
];

function share(
  id: string,
  header: string,
  of: (row: ClassRow) => ClassRow["encoderFaults"],
): Column<ClassRow> {
  return {
    id,
    header,
    align: "right",
    value: (row) => of(row).count,
    cell: (row) => {
      const { count: faults, share: interval } = of(row);
      return (
        <>
          {count(faults)}
          {interval && faults > 0 && <span className="text-faint"> {percentInterval(interval, 0)}</span>}
        </>
      );
    },
  };
}

const pairColumns: Column<PairRow>[] = [
  { id: "true", header: "True class", value: (row) => row.trueClass },
  { id: "predicted", header: "Predicted class", value: (row) => row.predictedClass },
  { id: "inputs", header: "Inputs", align: "right", value: (row) => row.inputs },
  { id: "encoder", header: "Encoder", align: "right", value: (row) => row.encoderFaults.count },
  { id: "head", header: "Head", align: "right", value: (row) => row.headFaults.count },
  { id: "undecided", header: "Undecided", align: "right", value: (row) => row.undecidedFaults.count },
];

type Effect = Pick<Responsible, "concept" | "effect" | "qValue" | "significantCells">;

export const effectColumns: Column<Effect>[] = [
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "effect",
    header: "Effect",
    align: "right",
    value: (row) => row.effect.value,
    cell: (row) => signedDecimal(row.effect.value, 2),
  },
  {
    id: "interval",
    header: "95 % interval",
    align: "right",
    value: (row) => `${row.effect.low} to ${row.effect.high}`,
    cell: (row) => `${signedDecimal(row.effect.low, 2)} to ${signedDecimal(row.effect.high, 2)}`,
  },
  {
    id: "q",
    header: "q",
    align: "right",
    value: (row) => row.qValue,
    cell: (row) => probability(row.qValue),
  },
  { id: "cells", header: "Significant cells", align: "right", value: (row) => row.significantCells },
];

const metricColumns: Column<Metric>[] = [
  { id: "detector", header: "Detector", value: (row) => detectorName(row.detector) },
  { id: "kind", header: "Kind", value: (row) => (row.semantic ? "ours" : "baseline") },
  {
    id: "auroc",
    header: "AUROC",
    align: "right",
    value: (row) => row.auroc.value,
    cell: (row) => <IntervalValue interval={row.auroc} unit="area" beside />,
  },
  {
    id: "auprOut",
    header: "AUPR, defects",
    align: "right",
    value: (row) => row.auprOut,
    cell: (row) => decimal(row.auprOut),
  },
  {
    id: "auprIn",
    header: "AUPR, sound",
    align: "right",
    value: (row) => row.auprIn,
    cell: (row) => decimal(row.auprIn),
  },
  {
    id: "fpr95",
    header: "FPR at 95 % TPR",
    align: "right",
    value: (row) => row.falsePositiveRateAt95,
    cell: (row) => percent(row.falsePositiveRateAt95),
  },
  {
    id: "aurc",
    header: "AURC",
    align: "right",
    value: (row) => row.areaUnderRiskCoverage,
    cell: (row) => decimal(row.areaUnderRiskCoverage, 4),
  },
];

type AlignmentRow = { on: string } & Report["alignment"]["evaluated"];

const alignmentColumns: Column<AlignmentRow>[] = [
  { id: "on", header: "Measured on", value: (row) => row.on },
  {
    id: "inputs",
    header: "Inputs",
    align: "right",
    value: (row) => row.inputs,
    cell: (row) => count(row.inputs),
  },
  { id: "r2", header: "R²", align: "right", value: (row) => row.r2, cell: (row) => decimal(row.r2) },
  {
    id: "cosine",
    header: "Mean cosine",
    align: "right",
    value: (row) => row.meanCosine,
    cell: (row) => decimal(row.meanCosine),
  },
  {
    id: "centred",
    header: "Centred cosine",
    align: "right",
    value: (row) => row.centredCosine,
    cell: (row) => decimal(row.centredCosine),
  },
];

/** Everything that a run's report says, as a sheet to print or to keep as PDF. */
export function RunPrint({ id }: { id: string }) {
  const [state, retry] = useQuery({ query: printQuery, variables: { id } });
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

function RunSheet({ run, report }: { run: Run; report: Report }) {
  const title = `${run.modelVersion.model.name} ${shortRunName(run)}`;
  const confusions = report.pairs
    .filter(({ trueClass, predictedClass }) => trueClass !== predictedClass)
    .toSorted((a, b) => b.inputs - a.inputs);
  const { alignment } = report;
  const alignments: AlignmentRow[] = [
    { on: "evaluated inputs", ...alignment.evaluated },
    ...(alignment.clean ? [{ on: "their clean inputs", ...alignment.clean }] : []),
    ...(alignment.heldOut ? [{ on: "held-out inputs of the fit", ...alignment.heldOut }] : []),
  ];
  return (
    <Paper title={`Report of ${title}`} back={`/runs/${encodeURIComponent(run.id)}`}>
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
      <PaperSection
        title="Faults by class"
        note="Counts of misclassified inputs; shares of the class's errors with 95 % Wilson intervals."
      >
        <PaperTable label="Faults by class" columns={classColumns} rows={report.classes} />
      </PaperSection>
      <PaperSection
        title="Confusions"
        note={
          confusions.length > mostPairs
            ? `The ${mostPairs} most frequent of ${count(confusions.length)}.`
            : "Most frequent first."
        }
      >
        <PaperTable
          label="Confusions"
          columns={pairColumns}
          rows={confusions.slice(0, mostPairs)}
          empty="No input was misclassified."
        />
      </PaperSection>
      <PaperSection
        title="Responsible concepts"
        note="Effect: how much more often the concept wins when the answer is wrong, all classes."
      >
        <PaperTable
          label="Responsible concepts"
          columns={effectColumns}
          rows={report.responsibleConcepts}
          empty="No cell of the differential heatmap is significant."
        />
      </PaperSection>
      {report.attackConcepts && (
        <PaperSection title={`What ${run.attackType?.name ?? "the attack"} changed`} note="Clean − attacked.">
          <PaperTable
            label="Concepts changed by the attack"
            columns={effectColumns}
            rows={report.attackConcepts}
            empty="No significant change."
          />
        </PaperSection>
      )}
      <Explanations report={report} />
      {run.classConceptView && (
        <PaperSection
          title="Class × concept"
          note="Win rate: how often the concept is stronger than the others in inputs labelled with the class."
        >
          <PaperClassConcepts view={run.classConceptView} />
        </PaperSection>
      )}
      <PaperSection title="Detector" note={detectorSummary(report.detector)}>
        <PaperTable
          label="Detectors and baselines"
          columns={metricColumns}
          rows={run.detectorMetrics}
          empty="Not measured: the run has no defects, or nothing else."
        />
      </PaperSection>
      <PaperSection
        title="Alignment and oracle"
        note={`Ridge λ ${Number(alignment.lambda.toPrecision(4))}, rank ${alignment.rank}. Oracle margin ${decimal(report.oracle.margin)}.`}
      >
        <PaperTable label="Alignment" columns={alignmentColumns} rows={alignments} />
      </PaperSection>
      <PaperSection title="Configuration and hashes">
        <PaperFacts facts={factsOf(run, report)} />
      </PaperSection>
    </Paper>
  );
}

function Explanations({ report }: { report: Report }) {
  return (
    <>
      <PaperSection
        title="What the encoder lost or invented"
        note="Shift against the VLM's own view of the same pictures in standard deviations, encoder faults only."
      >
        <PaperTable
          label="Concepts that the encoder lost or invented"
          columns={[
            { id: "concept", header: "Concept", value: (row) => row.concept },
            {
              id: "shift",
              header: "Shift (sd)",
              align: "right",
              value: (row) => row.shift,
              cell: (row) => signedDecimal(row.shift, 2),
            },
            { id: "meaning", header: "Meaning", value: (row) => (row.shift < 0 ? "lost" : "invented") },
            {
              id: "q",
              header: "q",
              align: "right",
              value: (row) => row.qValue,
              cell: (row) => probability(row.qValue),
            },
          ]}
          rows={report.encoderExplanation}
          empty="No encoder fault to explain."
        />
      </PaperSection>
      <PaperSection
        title="What the head weighs wrongly"
        note="By class pair, concepts that pull to the predicted class."
      >
        <PaperTable
          label="Concepts that the head weighs wrongly"
          columns={[
            { id: "true", header: "True", value: (row) => row.trueClass },
            { id: "predicted", header: "Predicted", value: (row) => row.predictedClass },
            {
              id: "concepts",
              header: "Concepts",
              value: (row) =>
                row.concepts
                  .map(({ concept, weight }) => `${concept} ${signedDecimal(weight, 2)}`)
                  .join(", "),
            },
          ]}
          rows={report.headExplanation}
          empty="No head fault to explain."
        />
      </PaperSection>
    </>
  );
}

/** What a run was made of, so that it can be made again and held against its hash. */
function factsOf(run: Run, report: Report): [string, string][] {
  const { modelVersion, visionLanguageModel: vlm, conceptSet, attackType } = run;
  const facts: [string, string | null | undefined][] = [
    ["Result sha256", report.resultSha256],
    ["Run", run.id],
    ["Seed", String(run.seed)],
    ["Configuration", JSON.stringify(run.configuration)],
    [
      "Took",
      run.startedAt && run.finishedAt
        ? duration((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)
        : null,
    ],
    ["Encoder sha256", modelVersion.encoderSha256],
    ["Head sha256", modelVersion.headSha256],
    ["Embedding", `${modelVersion.embeddingWidth} numbers, aligned to ${vlm.embeddingWidth}`],
    ["Git commit", modelVersion.gitCommit],
    ["Training data", modelVersion.trainingDataTag],
    ["VLM image tower sha256", vlm.imageTowerSha256],
    ["VLM text tower sha256", vlm.textTowerSha256],
    ["Tokenizer sha256", vlm.tokenizerSha256],
    ["Dataset", `${run.dataset.name}, ${count(run.dataset.inputCount)} inputs`],
    [
      "Attack",
      attackType &&
        `${attackType.name}, ${attackType.norm}, ε ${attackType.epsilon}${attackType.steps === null ? "" : `, ${attackType.steps} steps`}`,
    ],
    [
      "Concepts",
      `${conceptSet.name} v${conceptSet.version}: ${conceptSet.concepts.map(({ phrase }) => phrase).join(", ")}`,
    ],
    ["Templates", conceptSet.templates.join(" · ")],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] != null && fact[1] !== "");
}
