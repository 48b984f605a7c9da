/** A point of the ROC curve: inputs with score >= threshold are flagged; null: an end of the curve. */
export type RocPoint = {
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
  readonly threshold: number | null;
};

/** What a threshold does to the inputs of a run. */
export type OperatingPoint = {
  readonly threshold: number | null;
  /** Sound inputs that are flagged, and their share of the sound inputs. */
  readonly falseAlarms: number;
  readonly falseAlarmRate: number;
  /** Defects that are not flagged, and their share of the defects. */
  readonly misses: number;
  readonly missRate: number;
  readonly caught: number;
  readonly flagged: number;
  /** Share of the flagged inputs that are defects; null when nothing is flagged. */
  readonly precision: number | null;
  /** Share of inputs that are let through. */
  readonly coverage: number;
  /** Share of defects among those; null when everything is flagged. */
  readonly risk: number | null;
};

/** Counts and shares at one point of the ROC curve of `positives` defects and `negatives` sound inputs. */
export function operatingPoint(point: RocPoint, positives: number, negatives: number): OperatingPoint {
  const falseAlarms = Math.round(point.falsePositiveRate * negatives);
  const caught = Math.round(point.truePositiveRate * positives);
  const misses = positives - caught;
  const flagged = caught + falseAlarms;
  const passed = positives + negatives - flagged;
  return {
    threshold: point.threshold,
    falseAlarms,
    falseAlarmRate: point.falsePositiveRate,
    misses,
    missRate: 1 - point.truePositiveRate,
    caught,
    flagged,
    precision: flagged > 0 ? caught / flagged : null,
    coverage: passed / (positives + negatives),
    risk: passed > 0 ? misses / passed : null,
  };
}

/** Index of the point that catches most without more than `rate` false alarms; the curve is ordered by both. */
export function pointAtFalseAlarmRate(roc: readonly RocPoint[], rate: number): number {
  let best = 0;
  roc.forEach((point, i) => {
    if (point.falsePositiveRate <= rate) best = i;
  });
  return best;
}

/**
 * The largest float64 below a score. The ROC curve flags score >= t, a detector score > its threshold; with this
 * threshold both flag the same inputs.
 */
export function justBelow(score: number): number {
  if (score === 0) return -Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([score]).buffer);
  bits[0] += score > 0 ? -1n : 1n;
  return new Float64Array(bits.buffer)[0];
}
