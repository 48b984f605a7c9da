"use client";

import { graphql, type ResultOf } from "../graphql.ts";
import { type CsvValue, csv } from "../plots/csv.ts";
import {
  count,
  type Interval,
  percentagePoints,
  probability,
  signedDecimal,
} from "../plots/number-format.ts";
import { Button } from "./button.tsx";
import { downloadFile } from "./download.ts";
import { FaultBar } from "./fault-bar.tsx";
import { IntervalValue } from "./interval-value.tsx";

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

/** Whether a difference is told from chance: by its test, else by an interval that leaves out 0. */
function told({ interval, p }: { interval: Interval | null; p: number | null }): boolean {
  return p !== null ? p < 0.05 : interval !== null && (interval.low > 0 || interval.high < 0);
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
  const save = () => {
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
    downloadFile("comparison.csv", "text/csv", csv(header, rows));
  };
  return (
    <section aria-labelledby="metrics" className="rounded-lg border bg-surface p-4 sm:p-5">
      <div className="mb-2 flex items-start justify-between gap-3">
        <div>
          <h2 id="metrics" className="font-semibold">
            Metrics
          </h2>
          <p className="text-sm text-muted">
            Differences are paired on shared inputs, against {names[0]}. Bold: told from chance at 5 %.
          </p>
        </div>
        <Button look="bare" className="no-print" onClick={save}>
          CSV
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section aria-label="Metrics of the runs" tabIndex={0} className="overflow-x-auto">
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
                  {metric.name}
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
                        <span
                          className={`block text-xs whitespace-nowrap ${told(difference) ? "font-semibold" : "text-muted"}`}
                        >
                          {metric.unit === "share"
                            ? percentagePoints(difference.value)
                            : signedDecimal(difference.value)}
                          {difference.interval && (
                            <span className="font-normal text-faint">
                              {" "}
                              [{percentagePoints(difference.interval.low)},{" "}
                              {percentagePoints(difference.interval.high)}]
                            </span>
                          )}
                          {difference.p !== null && (
                            <span className="font-normal text-faint"> p {probability(difference.p)}</span>
                          )}
                        </span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
            <tr className="border-t">
              <th scope="row" className="py-2 pr-4 text-left font-medium whitespace-nowrap text-muted">
                Encoder / head / undecided
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
