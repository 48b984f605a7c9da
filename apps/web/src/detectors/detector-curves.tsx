"use client";

import { type Ref, useRef } from "react";
import { decimal, percent } from "../format/number.ts";
import { riskBand, rocBand, wilsonInterval } from "../plots/confidence-bands.ts";
import { axisTicks, curvePath, type PlotArea, xAt, yAt } from "../plots/curve-path.ts";
import { PlotFrame } from "../plots/plot-frame.tsx";
import { svgText } from "../plots/svg-file.ts";
import type { Column } from "../ui/data-table.tsx";
import { type CurveChoice, type CurveMetric, CurvePlot, curveFrame } from "./curve-plot.tsx";
import { detectorName } from "./detector-names.ts";

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

/** What one set of curves shows. */
type Curves<Point> = {
  ref?: Ref<SVGSVGElement>;
  metrics: readonly CurveMetric[];
  choice: CurveChoice;
  /** Where the threshold stands; null leaves it out. */
  point: Point | null;
  onChoose?: (detector: string) => void;
};

type RocPoint = { falsePositiveRate: number; truePositiveRate: number };
type RiskPoint = { coverage: number; risk: number | null };

/** ROC curves of all similarities and baselines, with the point that the threshold stands at. */
export function RocPlot({ ref, metrics, choice, point, onChoose }: Curves<RocPoint>) {
  const area = { ...curveFrame, xMaximum: 1, yMaximum: 1 };
  return (
    <CurvePlot
      ref={ref}
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
      at={point && [point.falsePositiveRate, point.truePositiveRate]}
    >
      <Reference area={area} from={[0, 0]} to={[1, 1]} />
    </CurvePlot>
  );
}

/** Risk-coverage curves: the share of defects among the inputs that are let through. */
export function RiskCoveragePlot({ ref, metrics, choice, point, onChoose }: Curves<RiskPoint>) {
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
    <CurvePlot
      ref={ref}
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
      at={point && point.risk !== null ? [point.coverage, point.risk] : null}
    >
      <Reference area={area} from={[0, base]} to={[1, base]} />
    </CurvePlot>
  );
}

/** What no detector at all would do. */
function Reference({
  area,
  from,
  to,
}: {
  area: PlotArea;
  from: [x: number, y: number];
  to: [x: number, y: number];
}) {
  return (
    <path
      d={curvePath(area, [from, to])}
      stroke="var(--line-strong)"
      strokeDasharray="1 4"
      strokeLinecap="round"
    />
  );
}

/** The ROC curves in their frame. */
export function RocCurves(curves: Omit<Curves<RocPoint>, "ref">) {
  const svg = useRef<SVGSVGElement>(null);
  return (
    <PlotFrame
      title="ROC"
      description="Upper left is better. Shaded: 95 % intervals of the two in full lines."
      name="roc"
      columns={rocColumns}
      rows={() =>
        curves.metrics.flatMap(({ detector, roc, positives }) =>
          roc.map((row) => ({ detector, ...row, ...wilsonInterval(row.truePositiveRate, positives) })),
        )
      }
      svg={() => svg.current && svgText(svg.current)}
    >
      <RocPlot ref={svg} {...curves} />
    </PlotFrame>
  );
}

/** The risk-coverage curves in their frame. */
export function RiskCoverageCurves(curves: Omit<Curves<RiskPoint>, "ref">) {
  const svg = useRef<SVGSVGElement>(null);
  return (
    <PlotFrame
      title="Risk–coverage"
      description="Defects among the inputs let through: lower is better. Dotted: no detector."
      name="risk-coverage"
      columns={riskColumns}
      rows={() =>
        curves.metrics.flatMap(({ detector, riskCoverage, positives, negatives }) =>
          riskCoverage.map((row) => ({
            detector,
            ...row,
            ...wilsonInterval(row.risk, Math.round(row.coverage * (positives + negatives))),
          })),
        )
      }
      svg={() => svg.current && svgText(svg.current)}
    >
      <RiskCoveragePlot ref={svg} {...curves} />
    </PlotFrame>
  );
}
