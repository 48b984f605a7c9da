import { detectorName } from "../../detectors/detector-names.ts";
import { count, decimal, percent, percentInterval } from "../../format/number.ts";
import { FaultBar } from "../../runs/fault-bar.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { IntervalValue } from "../../ui/interval-value.tsx";
import type { PrintedReport, PrintedRun } from "./run-print-query.ts";

type ClassRow = PrintedReport["classes"][number];
type PairRow = PrintedReport["pairs"][number];
type Metric = PrintedRun["detectorMetrics"][number];

export const classColumns: Column<ClassRow>[] = [
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
  {
    id: "bar",
    header: "Shares",
    value: (row) => row.inputs - row.correct,
    className: "w-24",
    cell: (row) => (
      <FaultBar
        height={10}
        counts={{
          encoder: row.encoderFaults.count,
          head: row.headFaults.count,
          undecided: row.undecidedFaults.count,
        }}
      />
    ),
  },
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

export const pairColumns: Column<PairRow>[] = [
  { id: "true", header: "True class", value: (row) => row.trueClass },
  { id: "predicted", header: "Predicted class", value: (row) => row.predictedClass },
  { id: "inputs", header: "Inputs", align: "right", value: (row) => row.inputs },
  { id: "encoder", header: "Encoder", align: "right", value: (row) => row.encoderFaults.count },
  { id: "head", header: "Head", align: "right", value: (row) => row.headFaults.count },
  { id: "undecided", header: "Undecided", align: "right", value: (row) => row.undecidedFaults.count },
];

export const metricColumns: Column<Metric>[] = [
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

export type AlignmentRow = { on: string } & PrintedReport["alignment"]["evaluated"];

export const alignmentColumns: Column<AlignmentRow>[] = [
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
