"use client";

import { type ReactNode, useRef } from "react";
import { graphql, type ResultOf } from "../graphql.ts";
import { axisTicks, curvePath, type PlotArea, xAt, yAt } from "../plots/curve-path.ts";
import { detectorName } from "../plots/detector-names.ts";
import { decimal, percent } from "../plots/number-format.ts";
import type { Column } from "./data-table.tsx";
import { svgText } from "./download.ts";
import { PlotFrame } from "./plot-frame.tsx";

export const detectorCurvesFragment = graphql(`
  fragment DetectorCurves on DetectorMetric @_unmask {
    detector
    semantic
    positives
    negatives
    auroc { value low high }
    areaUnderRiskCoverage
    roc { falsePositiveRate truePositiveRate threshold }
    riskCoverage { coverage risk }
  }
`);

type Metric = ResultOf<typeof detectorCurvesFragment>;

/** Which curves stand out: the chosen detector and the one it is held against. */
export type CurveChoice = { readonly chosen: string; readonly rival: string | null };

type RocRow = {
  detector: string;
  falsePositiveRate: number;
  truePositiveRate: number;
  threshold: number | null;
};
type RiskRow = { detector: string; coverage: number; risk: number };

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
];

const width = 440;
const height = 404;
const frame = { left: 46, top: 28, width: 374, height: 330 };

/** ROC curves of all similarities and baselines, with the point that the threshold stands at. */
export function RocCurves({
  metrics,
  choice,
  point,
  onChoose,
}: {
  metrics: readonly Metric[];
  choice: CurveChoice;
  point: { falsePositiveRate: number; truePositiveRate: number };
  onChoose: (detector: string) => void;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const area = { ...frame, xMaximum: 1, yMaximum: 1 };
  return (
    <PlotFrame
      title="ROC"
      description="Defects found against false alarms, over all thresholds. Nearer to the upper left is better."
      name="roc"
      columns={rocColumns}
      rows={() => metrics.flatMap(({ detector, roc }) => roc.map((row) => ({ detector, ...row })))}
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
  metrics: readonly Metric[];
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
  const area = { ...frame, xMaximum: 1, yMaximum };
  const { positives, negatives } = metrics[0];
  const base = positives / (positives + negatives);
  return (
    <PlotFrame
      title="Risk–coverage"
      description="Share of defects among the inputs that are let through. Lower is better; dotted: without a detector."
      name="risk-coverage"
      columns={riskColumns}
      rows={() =>
        metrics.flatMap(({ detector, riskCoverage }) => riskCoverage.map((row) => ({ detector, ...row })))
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

/** Stroke of a curve: ours are solid, baselines dashed; the chosen and its rival are drawn in full. */
function strokeOf(metric: Metric, { chosen, rival }: CurveChoice) {
  const strokeDasharray = metric.semantic ? undefined : metric.detector === rival ? "7 4" : "3 3";
  if (metric.detector === chosen)
    return { stroke: "var(--accent)", strokeWidth: 2.6, strokeDasharray, strokeOpacity: 1 };
  if (metric.detector === rival)
    return { stroke: "var(--ink)", strokeWidth: 1.8, strokeDasharray, strokeOpacity: 1 };
  return metric.semantic
    ? { stroke: "var(--accent)", strokeWidth: 1.1, strokeDasharray, strokeOpacity: 0.55 }
    : { stroke: "var(--faint)", strokeWidth: 1.1, strokeDasharray, strokeOpacity: 0.7 };
}

/** A short stroke as in the plots, for tables and legends. */
export function CurveMark({ metric, choice }: { metric: Metric; choice: CurveChoice }) {
  return (
    <svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true" className="shrink-0">
      <path d="M0 5h26" fill="none" {...strokeOf(metric, choice)} />
    </svg>
  );
}

function CurvePlot({
  ref,
  label,
  area,
  xName,
  yName,
  metrics,
  choice,
  onChoose,
  points,
  value,
  legend,
  at,
  children,
}: {
  ref: React.Ref<SVGSVGElement>;
  label: string;
  area: PlotArea;
  xName: string;
  yName: string;
  metrics: readonly Metric[];
  choice: CurveChoice;
  onChoose: (detector: string) => void;
  points: (metric: Metric) => [number, number][];
  value: (metric: Metric) => string;
  legend: { x: number; y: number };
  at: [number, number] | null;
  children: ReactNode;
}) {
  // The chosen is drawn last, over all others.
  const rank = ({ detector }: Metric) => (detector === choice.chosen ? 2 : detector === choice.rival ? 1 : 0);
  const drawn = metrics.toSorted((a, b) => rank(a) - rank(b));
  const standing = drawn.filter((metric) => rank(metric) > 0).reverse();
  const bottom = area.top + area.height;
  return (
    <svg ref={ref} viewBox={`0 0 ${width} ${height}`} className="h-auto w-full" role="img" aria-label={label}>
      {axisTicks(area.xMaximum).map((tick) => (
        <g key={tick}>
          <path d={`M${xAt(area, tick)} ${area.top}V${bottom}`} stroke="var(--line)" />
          <text x={xAt(area, tick)} y={bottom + 16} textAnchor="middle" fontSize="12" fill="var(--muted)">
            {percent(tick, 0)}
          </text>
        </g>
      ))}
      {axisTicks(area.yMaximum).map((tick) => (
        <g key={tick}>
          <path d={`M${area.left} ${yAt(area, tick)}h${area.width}`} stroke="var(--line)" />
          <text
            x={area.left - 6}
            y={yAt(area, tick)}
            textAnchor="end"
            dominantBaseline="central"
            fontSize="12"
            fill="var(--muted)"
          >
            {percent(tick, area.yMaximum < 0.05 ? 1 : 0)}
          </text>
        </g>
      ))}
      <text x={area.left + area.width} y={bottom + 36} textAnchor="end" fontSize="12" fill="var(--muted)">
        {xName}
      </text>
      <text x="2" y="12" fontSize="12" fill="var(--muted)">
        {yName}
      </text>
      <g fill="none">{children}</g>
      {drawn.map((metric) => (
        <g key={metric.detector} fill="none">
          <path d={curvePath(area, points(metric))} {...strokeOf(metric, choice)} strokeLinejoin="round" />
          {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; the table below chooses by keyboard */}
          <path
            d={curvePath(area, points(metric))}
            stroke="transparent"
            strokeWidth="10"
            style={{ cursor: "pointer" }}
            onClick={() => onChoose(metric.detector)}
          >
            <title>{`${detectorName(metric.detector)} · ${value(metric)}`}</title>
          </path>
        </g>
      ))}
      {standing.map((metric, i) => (
        <g key={metric.detector} transform={`translate(${legend.x} ${legend.y + i * 34})`}>
          <path d="M0 0h24" fill="none" {...strokeOf(metric, choice)} />
          <text x="30" dominantBaseline="central" fontSize="12.5" fontWeight="600" fill="var(--ink)">
            {detectorName(metric.detector)}
          </text>
          <text x="30" y="15" dominantBaseline="central" fontSize="11.5" fill="var(--muted)">
            {metric.semantic ? "ours" : "baseline"} · {value(metric)}
          </text>
        </g>
      ))}
      {at && (
        <g fill="none" pointerEvents="none">
          <path
            d={`M${area.left} ${yAt(area, at[1])}H${xAt(area, at[0])}V${bottom}`}
            stroke="var(--accent)"
            strokeDasharray="2 3"
          />
          <circle
            cx={xAt(area, at[0])}
            cy={yAt(area, at[1])}
            r="5.5"
            fill="var(--surface)"
            stroke="var(--accent)"
            strokeWidth="2.5"
          />
        </g>
      )}
    </svg>
  );
}
