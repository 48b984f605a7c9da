"use client";

import type { ReactNode } from "react";
import { percent } from "../format/number.ts";
import type { ResultOf } from "../graphql.ts";
import type { Band } from "../plots/confidence-bands.ts";
import { axisTicks, bandPath, curvePath, type PlotArea, xAt, yAt } from "../plots/curve-path.ts";
import type { detectorCurvesFragment } from "./detector-fragments.ts";
import { detectorName } from "./detector-names.ts";

/** What the curves show of one detector. */
export type CurveMetric = ResultOf<typeof detectorCurvesFragment>;

/** Which curves stand out: the chosen detector and the one it is held against. */
export type CurveChoice = { readonly chosen: string; readonly rival: string | null };

const width = 440;
const height = 404;

/** Where the curves stand in their plot. */
export const curveFrame = { left: 46, top: 28, width: 374, height: 330 };

/** Stroke of a curve: ours are solid, baselines dashed; the chosen and its rival are drawn in full. */
function strokeOf(metric: CurveMetric, { chosen, rival }: CurveChoice) {
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
export function CurveMark({ metric, choice }: { metric: CurveMetric; choice: CurveChoice }) {
  return (
    <svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true" className="shrink-0">
      <path d="M0 5h26" fill="none" {...strokeOf(metric, choice)} />
    </svg>
  );
}

/** Curves of all detectors over one area; the chosen one and its rival in full, with their bands and names. */
export function CurvePlot({
  ref,
  label,
  area,
  xName,
  yName,
  metrics,
  choice,
  onChoose,
  points,
  band,
  value,
  legend,
  at,
  children,
}: {
  ref?: React.Ref<SVGSVGElement>;
  label: string;
  area: PlotArea;
  xName: string;
  yName: string;
  metrics: readonly CurveMetric[];
  choice: CurveChoice;
  onChoose?: (detector: string) => void;
  points: (metric: CurveMetric) => [number, number][];
  /** Drawn around the chosen detector and its rival. */
  band: (metric: CurveMetric) => Band;
  value: (metric: CurveMetric) => string;
  legend: { x: number; y: number };
  at: [number, number] | null;
  children: ReactNode;
}) {
  // The chosen is drawn last, over all others.
  const rank = ({ detector }: CurveMetric) =>
    detector === choice.chosen ? 2 : detector === choice.rival ? 1 : 0;
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
      {standing.toReversed().map((metric) => (
        <path
          key={metric.detector}
          d={bandPath(area, band(metric))}
          fill={metric.detector === choice.chosen ? "var(--accent)" : "var(--ink)"}
          fillOpacity={metric.detector === choice.chosen ? 0.16 : 0.09}
        />
      ))}
      {drawn.map((metric) => (
        <g key={metric.detector} fill="none">
          <path d={curvePath(area, points(metric))} {...strokeOf(metric, choice)} strokeLinejoin="round" />
          {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; the table below chooses by keyboard */}
          <path
            d={curvePath(area, points(metric))}
            stroke="transparent"
            strokeWidth="10"
            style={{ cursor: onChoose && "pointer" }}
            onClick={() => onChoose?.(metric.detector)}
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
