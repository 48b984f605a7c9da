"use client";

import { useRef } from "react";
import { riskBand, rocBand, wilsonInterval } from "../plots/confidence-bands.ts";
import { axisTicks, curvePath, xAt, yAt } from "../plots/curve-path.ts";
import { detectorName } from "../plots/detector-names.ts";
import { decimal, percent } from "../plots/number-format.ts";
import { type CurveChoice, type CurveMetric, CurvePlot, curveFrame } from "./curve-plot.tsx";
import type { Column } from "./data-table.tsx";
import { svgText } from "./download.ts";
import { PlotFrame } from "./plot-frame.tsx";

type RocRow = {
  detector: string;
  falsePositiveRate: number;
  truePositiveRate: number;
  low: number;
  high: number;
  threshold: number | null;
};
type RiskRow = { detector: string; coverage: number; risk: number; low: number; high: number };

/** An end of a 95 % interval. */
function end<Row>(id: string, header: string, value: (row: Row) => number): Column<Row> {
  return { id, header, align: "right", value, cell: (row) => percent(value(row)) };
}

const rocColumns: Column<RocRow>[] = [
  { id: "detector", header: "Detector", value: (row) => detectorName(row.detector) },
  {
    id: "fpr",
    header: "False alarms",
    align: "right",
    value: (row) => row.falsePositiveRate,
    cell: (row) => percent(row.falsePositiveRate),
  },
  {
    id: "tpr",
    header: "Defects found",
    align: "right",
    value: (row) => row.truePositiveRate,
    cell: (row) => percent(row.truePositiveRate),
  },
  end("low", "Low", (row) => row.low),
  end("high", "High", (row) => row.high),
  {
    id: "threshold",
    header: "Threshold",
    align: "right",
    value: (row) => row.threshold,
    cell: (row) => decimal(row.threshold),
  },
];

const riskColumns: Column<RiskRow>[] = [
  { id: "detector", header: "Detector", value: (row) => detectorName(row.detector) },
  {
    id: "coverage",
    header: "Coverage",
    align: "right",
    value: (row) => row.coverage,
    cell: (row) => percent(row.coverage),
  },
  { id: "risk", header: "Risk", align: "right", value: (row) => row.risk, cell: (row) => percent(row.risk) },
  end("low", "Low", (row) => row.low),
  end("high", "High", (row) => row.high),
];

/** ROC curves of all similarities and baselines, with the point that the threshold stands at. */
export function RocCurves({
  metrics,
  choice,
  point,
  onChoose,
}: {
  metrics: readonly CurveMetric[];
  choice: CurveChoice;
  point: { falsePositiveRate: number; truePositiveRate: number };
  onChoose: (detector: string) => void;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const area = { ...curveFrame, xMaximum: 1, yMaximum: 1 };
  return (
    <PlotFrame
      title="ROC"
      description="Upper left is better. Shaded: 95 % intervals of the two in full lines."
      name="roc"
      columns={rocColumns}
      rows={() =>
        metrics.flatMap(({ detector, roc, positives }) =>
          roc.map((row) => ({ detector, ...row, ...wilsonInterval(row.truePositiveRate, positives) })),
        )
      }
      svg={() => svg.current && svgText(svg.current)}
    >
      <CurvePlot
        ref={svg}
        label={`ROC curves. ${metrics.map(({ detector, auroc }) => `${detectorName(detector)}: AUROC ${decimal(auroc.value)}`).join("; ")}`}
        area={area}
        xName="False alarms (share of sound inputs)"
        yName="Defects found"
        metrics={metrics}
        choice={choice}
        onChoose={onChoose}
        points={({ roc }) =>
          roc.map(({ falsePositiveRate, truePositiveRate }) => [falsePositiveRate, truePositiveRate])
        }
        band={({ roc, positives }) => rocBand(roc, positives)}
        value={({ auroc }) => `AUROC ${decimal(auroc.value)}`}
        legend={{ x: xAt(area, 0.44), y: yAt(area, 0.26) }}
        at={[point.falsePositiveRate, point.truePositiveRate]}
      >
        <path
          d={curvePath(area, [
            [0, 0],
            [1, 1],
          ])}
          stroke="var(--line-strong)"
          strokeDasharray="1 4"
          strokeLinecap="round"
        />
      </CurvePlot>
    </PlotFrame>
  );
}

/** Risk-coverage curves: the share of defects among the inputs that are let through. */
export function RiskCoverageCurves({
  metrics,
  choice,
  point,
  onChoose,
}: {
  metrics: readonly CurveMetric[];
  choice: CurveChoice;
  point: { coverage: number; risk: number | null };
  onChoose: (detector: string) => void;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const highest = Math.max(
    0.01,
    ...metrics.flatMap(({ riskCoverage }) => riskCoverage.map(({ risk }) => risk)),
  );
  const ticks = axisTicks(highest);
  // One step above the highest tick where the curves pass it.
  const yMaximum = ticks[ticks.length - 1] >= highest ? highest : ticks[1] * ticks.length;
  const area = { ...curveFrame, xMaximum: 1, yMaximum };
  const { positives, negatives } = metrics[0];
  const base = positives / (positives + negatives);
  return (
    <PlotFrame
      title="Risk–coverage"
      description="Defects among the inputs let through: lower is better. Dotted: no detector."
      name="risk-coverage"
      columns={riskColumns}
      rows={() =>
        metrics.flatMap(({ detector, riskCoverage, positives, negatives }) =>
          riskCoverage.map((row) => ({
            detector,
            ...row,
            ...wilsonInterval(row.risk, Math.round(row.coverage * (positives + negatives))),
          })),
        )
      }
      svg={() => svg.current && svgText(svg.current)}
    >
      <CurvePlot
        ref={svg}
        label={`Risk-coverage curves. ${metrics.map(({ detector, areaUnderRiskCoverage }) => `${detectorName(detector)}: area ${decimal(areaUnderRiskCoverage, 4)}`).join("; ")}`}
        area={area}
        xName="Coverage (share of inputs let through)"
        yName="Risk"
        metrics={metrics}
        choice={choice}
        onChoose={onChoose}
        points={({ riskCoverage }) => riskCoverage.map(({ coverage, risk }) => [coverage, risk])}
        band={({ riskCoverage, positives, negatives }) => riskBand(riskCoverage, positives + negatives)}
        value={({ areaUnderRiskCoverage }) => `AURC ${decimal(areaUnderRiskCoverage, 4)}`}
        legend={{ x: xAt(area, 0.06), y: area.top + 16 }}
        at={point.risk === null ? null : [point.coverage, point.risk]}
      >
        <path
          d={curvePath(area, [
            [0, base],
            [1, base],
          ])}
          stroke="var(--line-strong)"
          strokeDasharray="1 4"
          strokeLinecap="round"
        />
      </CurvePlot>
    </PlotFrame>
  );
}
