import { type Interval, percent, percentInterval, score } from "../format/number.ts";
import { detectorName, detectorOf, type Similarity } from "./detector-names.ts";

/** How a run's own detector did, as its report gives it. */
export type DetectorSummary = {
  readonly similarity: Similarity;
  readonly falseAlarmRate: number | null;
  readonly threshold: number | null;
  /** What counts as a defect, and what as sound. */
  readonly positiveLabel: string;
  readonly negativeLabel: string;
  readonly pooledClasses: readonly string[];
  readonly measuredFalseAlarmRate: Interval | null;
  readonly measuredDetectionRate: Interval | null;
};

/** The detector of a run in a sentence or two. */
export function detectorSummary(summary: DetectorSummary): string {
  const { falseAlarmRate, threshold, measuredFalseAlarmRate: alarms, measuredDetectionRate: found } = summary;
  const parts = [
    falseAlarmRate === null ? "score > 0" : `wanted false-alarm rate ${percent(falseAlarmRate)}`,
    falseAlarmRate !== null && threshold !== null ? `threshold ${score(threshold)}` : null,
    alarms &&
      `measured ${percent(alarms.value)} (${percentInterval(alarms)}) of the ${summary.negativeLabel} flagged`,
    found && `${percent(found.value)} (${percentInterval(found)}) of the ${summary.positiveLabel} found`,
  ].filter((part) => part !== null);
  const pooled =
    summary.pooledClasses.length > 0
      ? ` Too few incorrect calibration inputs, so judged by the pooled reference: ${summary.pooledClasses.join(", ")}.`
      : "";
  return `${detectorName(detectorOf(summary.similarity))}: ${parts.join("; ")}.${pooled}`;
}
