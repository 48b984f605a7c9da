"use client";

import { useMemo } from "react";
import { type CurveChoice, CurveMark } from "../../detectors/curve-plot.tsx";
import type { detectorMetricsFragment } from "../../detectors/detector-fragments.ts";
import { detectorName } from "../../detectors/detector-names.ts";
import { decimal, percent } from "../../format/number.ts";
import type { ResultOf } from "../../graphql.ts";
import { type Column, DataTable, TableTitle } from "../../ui/data-table.tsx";
import { IntervalValue } from "../../ui/interval-value.tsx";

type Metric = ResultOf<typeof detectorMetricsFragment>;

/** All detectors and baselines on the same split; the chosen one stands in the plots and behind the threshold. */
export function DetectorMetrics({
  metrics,
  choice,
  onChoose,
}: {
  metrics: readonly Metric[];
  choice: CurveChoice;
  onChoose: (detector: string) => void;
}) {
  const columns = useMemo<Column<Metric>[]>(
    () => [
      {
        id: "detector",
        header: "Detector",
        value: ({ detector }) => detectorName(detector),
        cell: (metric) => (
          <label className="flex cursor-pointer items-center gap-2.5 whitespace-nowrap">
            <input
              type="radio"
              name="chosen-detector"
              className="size-4 accent-(--accent)"
              checked={metric.detector === choice.chosen}
              onChange={() => onChoose(metric.detector)}
            />
            <CurveMark metric={metric} choice={choice} />
            <span className={metric.detector === choice.chosen ? "font-semibold" : ""}>
              {detectorName(metric.detector)}
            </span>
          </label>
        ),
      },
      { id: "kind", header: "Kind", value: ({ semantic }) => (semantic ? "ours" : "baseline") },
      {
        id: "auroc",
        header: "AUROC",
        align: "right",
        value: ({ auroc }) => auroc.value,
        cell: ({ auroc }) => <IntervalValue interval={auroc} unit="area" beside />,
      },
      number("auprOut", "AUPR, defects", ({ auprOut }) => auprOut),
      number("auprIn", "AUPR, sound", ({ auprIn }) => auprIn),
      {
        id: "fpr95",
        header: "FPR at 95 % TPR",
        align: "right",
        value: ({ falsePositiveRateAt95 }) => falsePositiveRateAt95,
        cell: ({ falsePositiveRateAt95 }) => percent(falsePositiveRateAt95),
      },
      {
        id: "aurc",
        header: "AURC",
        align: "right",
        value: ({ areaUnderRiskCoverage }) => areaUnderRiskCoverage,
        cell: ({ areaUnderRiskCoverage }) => decimal(areaUnderRiskCoverage, 4),
      },
    ],
    [choice, onChoose],
  );
  return (
    <DataTable
      label="Detectors and baselines"
      columns={columns}
      rows={metrics}
      csvName="detector-metrics"
      initialSort={{ id: "auroc", desc: true }}
      toolbar={
        <TableTitle id="all-detectors" title="All similarities and baselines">
          AUROC with its 95 % bootstrap interval. FPR and AURC: lower is better. Solid: ours; dashed:
          baseline.
        </TableTitle>
      }
    />
  );
}

function number(id: string, header: string, value: (metric: Metric) => number): Column<Metric> {
  return { id, header, align: "right", value, cell: (metric) => decimal(value(metric)) };
}
