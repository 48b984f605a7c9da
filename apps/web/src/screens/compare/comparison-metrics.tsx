"use client";

import { type CsvValue, csv } from "../../format/csv.ts";
import {
  count,
  type Interval,
  percentagePoints,
  pointsInterval,
  probability,
  signedDecimal,
} from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultBar } from "../../runs/fault-bar.tsx";
import { FaultShape } from "../../runs/marks.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { IntervalValue } from "../../ui/interval-value.tsx";

export const comparisonMetricsFragment = graphql(`
  fragment ComparisonMetrics on RunComparison @_unmask {
    runs {
      id
      report {
        inputs
        misclassified
        accuracy { value low high }
        encoderFaults { count share { value low high } }
        headFaults { count share { value low high } }
        undecidedFaults { count share { value low high } }
        alignment { evaluated { r2 centredCosine } }
        detector { auroc { value low high } }
      }
    }
    differences {
      run { id }
      sharedInputs
      accuracyDifference { value low high }
      accuracyPValue
      encoderShareDifference { value low high }
      headShareDifference { value low high }
      aurocDifference
      aurocPValue
    }
  }
`);

type Comparison = ResultOf<typeof comparisonMetricsFragment>;
type Report = NonNullable<Comparison["runs"][number]["report"]>;
type Difference = Comparison["differences"][number];

type Metric = {
  name: string;
  fault?: "ENCODER" | "HEAD" | "UNDECIDED";
  unit: "share" | "area";
  of: (report: Report) => Interval | null;
  difference: (difference: Difference) => {
    value: number | null;
    interval: Interval | null;
    p: number | null;
  };
};

const metrics: Metric[] = [
  {
    name: "Accuracy",
    unit: "share",
    of: ({ accuracy }) => accuracy,
    difference: (d) => ({
      value: d.accuracyDifference?.value ?? null,
      interval: d.accuracyDifference,
      p: d.accuracyPValue,
    }),
  },
  {
    name: "Encoder share",
    fault: "ENCODER",
    unit: "share",
    of: ({ encoderFaults }) => encoderFaults.share,
    difference: (d) => ({
      value: d.encoderShareDifference?.value ?? null,
      interval: d.encoderShareDifference,
      p: null,
    }),
  },
  {
    name: "Head share",
    fault: "HEAD",
    unit: "share",
    of: ({ headFaults }) => headFaults.share,
    difference: (d) => ({
      value: d.headShareDifference?.value ?? null,
      interval: d.headShareDifference,
      p: null,
    }),
  },
  {
    name: "Undecided share",
    fault: "UNDECIDED",
    unit: "share",
    of: ({ undecidedFaults }) => undecidedFaults.share,
    difference: () => ({ value: null, interval: null, p: null }),
  },
  {
    name: "Detector AUROC",
    unit: "area",
    of: ({ detector }) => detector.auroc,
    difference: (d) => ({ value: d.aurocDifference, interval: null, p: d.aurocPValue }),
  },
];

/** Whether the two 95 % intervals leave a gap, where no paired test applies; null where one is missing. */
function apart(metric: Metric, own: Report | null, baseline: Report | null): boolean | null {
  const [a, b] = [own && metric.of(own), baseline && metric.of(baseline)];
  return a && b ? a.low > b.high || b.low > a.high : null;
}

/** A paired difference with its interval and test; bold where it is significant. */
function MetricDifference({
  unit,
  difference: { value, interval, p },
  apart,
}: {
  unit: Metric["unit"];
  difference: ReturnType<Metric["difference"]>;
  apart: boolean | null;
}) {
  const significant =
    p !== null ? p < 0.05 : interval ? interval.low > 0 || interval.high < 0 : (apart ?? false);
  const why =
    p !== null ? `p ${probability(p)}` : interval ? "" : apart ? "intervals apart" : "intervals overlap";
  return (
    <span className={`block text-xs whitespace-nowrap ${significant ? "font-semibold" : "text-muted"}`}>
      {unit === "share" ? percentagePoints(value) : signedDecimal(value)}
      <span className="font-normal text-faint">
        {interval && ` ${pointsInterval(interval)}`} {why}
      </span>
    </span>
  );
}

/** Headline numbers of the runs in columns, each with its paired difference from the baseline. */
export function ComparisonMetrics({
  comparison,
  names,
}: {
  comparison: Comparison;
  names: readonly string[];
}) {
  const differenceOf = (id: string) => comparison.differences.find(({ run }) => run.id === id);
  const metricsCsv = () => {
    const rows: CsvValue[][] = metrics.flatMap((metric) =>
      comparison.runs.map((run, i) => {
        const interval = run.report && metric.of(run.report);
        const entry = differenceOf(run.id);
        const difference = entry && metric.difference(entry);
        return [
          metric.name,
          names[i],
          interval?.value,
          interval?.low,
          interval?.high,
          difference?.value,
          difference?.interval?.low,
          difference?.interval?.high,
          difference?.p,
        ];
      }),
    );
    const header = [
      "Metric",
      "Run",
      "Value",
      "Low",
      "High",
      "Difference",
      "Difference low",
      "Difference high",
      "p",
    ];
    return csv(header, rows);
  };
  return (
    <section aria-labelledby="metrics" className="rounded-lg border bg-surface p-4 sm:p-5">
      <div className="mb-2 flex items-start justify-between gap-3">
        <div>
          <h2 id="metrics" className="font-semibold">
            Metrics
          </h2>
          <p className="text-sm text-muted">
            Differences from {names[0]}, paired on shared inputs. Bold: significant at 5 %.
          </p>
        </div>
        <CsvButton name="comparison" label="Metrics" text={metricsCsv} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section aria-label="Metrics of the runs" tabIndex={0} className="scroll-x">
        <table className="w-full text-sm">
          <thead>
            <tr className="text-left align-bottom text-muted">
              <th scope="col" className="py-1.5 pr-4 font-medium">
                <span className="sr-only">Metric</span>
              </th>
              {names.map((name, i) => (
                <th
                  key={comparison.runs[i].id}
                  scope="col"
                  className="py-1.5 pr-4 font-medium whitespace-nowrap text-ink"
                >
                  {name}
                  {i === 0 && <span className="block text-xs font-normal text-faint">baseline</span>}
                  {i > 0 && (
                    <span className="block text-xs font-normal text-faint">
                      {count(differenceOf(comparison.runs[i].id)?.sharedInputs)} shared inputs
                    </span>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.map((metric) => (
              <tr key={metric.name} className="border-t align-top">
                <th scope="row" className="py-2 pr-4 text-left font-medium whitespace-nowrap text-muted">
                  <span className="inline-flex items-center gap-1.5">
                    {metric.fault && <FaultShape fault={metric.fault} />}
                    {metric.name}
                  </span>
                </th>
                {comparison.runs.map((run) => {
                  const entry = differenceOf(run.id);
                  const difference = entry && metric.difference(entry);
                  return (
                    <td key={run.id} className="py-2 pr-4 tabular-nums">
                      <IntervalValue
                        interval={run.report && metric.of(run.report)}
                        unit={metric.unit}
                        beside
                      />
                      {difference && difference.value !== null && (
                        <MetricDifference
                          unit={metric.unit}
                          difference={difference}
                          apart={apart(metric, run.report, comparison.runs[0].report)}
                        />
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
            <tr className="border-t">
              <th scope="row" className="py-2 pr-4 text-left font-medium whitespace-nowrap text-muted">
                Faults
              </th>
              {comparison.runs.map((run) => (
                <td key={run.id} className="min-w-36 py-2 pr-4">
                  {run.report && (
                    <FaultBar
                      counts={{
                        encoder: run.report.encoderFaults.count,
                        head: run.report.headFaults.count,
                        undecided: run.report.undecidedFaults.count,
                      }}
                    />
                  )}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </section>
    </section>
  );
}
