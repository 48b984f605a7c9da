import { InvalidInputError, requireSize } from "./errors.ts";
import type { Interval } from "./statistics.ts";
import { bootstrapReplicates, REPLICATES_AT_ONCE } from "./wasm/bootstrap/replicates.ts";
import { requireBootstrap } from "./wasm/bootstrap/requirements.ts";
import { type SweepSums, summedHarmonics, sweep } from "./wasm/bootstrap/sweep.ts";

/**
 * N inputs ordered by falling score, with equal scores kept as one group, so that every metric treats ties as
 * the field does (and scikit-learn: one threshold per distinct score). Made once, used by all metrics.
 */
export interface Ranking {
  /** Input numbers by falling score, N. */
  readonly order: Uint32Array;
  /** End (exclusive) of each group of equal scores in `order`, rising; the last is N. */
  readonly groupEnds: Uint32Array;
  readonly scores: ArrayLike<number>;
  /** 1 where the input is a defect (the positive class), else 0; N. */
  readonly defects: Uint8Array;
}

/**
 * Orders the inputs. Higher score = more likely a defect.
 *
 * @param scores N; may be infinite @param defects N, truthy where the input is a defect
 * @throws InvalidInputError when there are no inputs, the lengths differ or a score is NaN (naming the input)
 */
export function ranking(scores: ArrayLike<number>, defects: ArrayLike<number | boolean>): Ranking {
  requireSize("defects", defects.length, scores.length, "values (one a score)");
  if (scores.length === 0) throw new InvalidInputError("scores", "is empty", "Pass at least one input.");
  for (let i = 0; i < scores.length; i++)
    if (Number.isNaN(scores[i]))
      throw new InvalidInputError(`scores[${i}]`, "is NaN", "Remove the input or repair its score.");
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  // Not b - a, which is NaN for equal infinities.
  order.sort((a, b) => (scores[a] < scores[b] ? 1 : scores[a] > scores[b] ? -1 : a - b));
  const ends: number[] = [];
  for (let k = 1; k <= order.length; k++)
    if (k === order.length || scores[order[k]] !== scores[order[k - 1]]) ends.push(k);
  return {
    order,
    groupEnds: Uint32Array.from(ends),
    scores,
    defects: Uint8Array.from({ length: defects.length }, (_, i) => (defects[i] ? 1 : 0)),
  };
}

/** How well a score tells defects from sound inputs. All in [0, 1]; NaN where a class of inputs is missing. */
export interface DetectionMetrics {
  /** Number of defects. */
  readonly positives: number;
  /** Number of sound inputs. */
  readonly negatives: number;
  /** Area under the ROC curve: the chance that a defect scores higher than a sound input, ties half. */
  readonly auroc: number;
  /** Average precision with defects as the positive class. */
  readonly auprOut: number;
  /** Average precision with sound inputs as the positive class and the score negated. */
  readonly auprIn: number;
  /** False-positive rate at the highest threshold where at least 95 % of the defects are found. */
  readonly fpr95: number;
  /** Area under the risk-coverage curve: the mean share of defects among the k least suspicious inputs, k = 1..N. */
  readonly aurc: number;
}

/**
 * All threshold-free metrics in one sweep; equal to scikit-learn's roc_auc_score, average_precision_score and
 * roc_curve. AURC after Geifman & El-Yaniv (2017); inside a group of equal scores it takes the expectation
 * over all orders, so that it does not depend on the order of the inputs.
 *
 * @param weights how often each input counts, whole numbers >= 0 (a bootstrap replicate); once when left out
 */
export function detectionMetrics(ranked: Ranking, weights?: ArrayLike<number>): DetectionMetrics {
  const { length } = ranked.order;
  const counts = weights ? Int32Array.from({ length }, (_, i) => weights[i]) : new Int32Array(length).fill(1);
  let total = 0;
  let positives = 0;
  for (let i = 0; i < length; i++) {
    total += counts[i];
    positives += counts[i] * ranked.defects[i];
  }
  return metricsOf(sweep(ranked, counts, positives, summedHarmonics(total)), positives, total);
}

function metricsOf(sums: SweepSums, positives: number, total: number): DetectionMetrics {
  const negatives = total - positives;
  return {
    positives,
    negatives,
    auroc: sums.concordant / (positives * negatives),
    auprOut: sums.precisionOut / positives,
    auprIn: sums.precisionIn / negatives,
    fpr95: positives > 0 ? sums.falsePositives / negatives : Number.NaN,
    aurc: sums.risks / total,
  };
}

/**
 * Accuracy of the share `coverage` of inputs with the lowest scores (one minus the share of defects in them);
 * the expectation where equal scores straddle the limit.
 *
 * @param coverage in (0, 1]
 */
export function accuracyAtCoverage(ranked: Ranking, coverage: number): number {
  if (!(coverage > 0 && coverage <= 1))
    throw new InvalidInputError("coverage", `is ${coverage}`, "Use a share over 0, up to 1.");
  const { positives, total } = totals(ranked);
  const wanted = coverage * total;
  // Walks from the most suspicious group down until the rest holds no more than is wanted.
  let left = total;
  let leftDefects = positives;
  let start = 0;
  for (const end of ranked.groupEnds) {
    const { defects, sound } = groupCounts(ranked, start, end);
    const excess = Math.min(left - wanted, defects + sound);
    if (excess <= 0) break;
    leftDefects -= (defects * excess) / (defects + sound);
    left -= excess;
    start = end;
  }
  return 1 - leftDefects / wanted;
}

export interface RocPoint {
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
  /** Inputs with score >= threshold count as defects; Infinity at the first point. */
  readonly threshold: number;
}

/** The ROC curve from (0, 0) to (1, 1), one point per distinct score, thinned to at most `maxPoints` (>= 2). */
export function rocCurve(ranked: Ranking, maxPoints = 200): RocPoint[] {
  const { positives, negatives } = totals(ranked);
  let truePositives = 0;
  let falsePositives = 0;
  let start = 0;
  const points: RocPoint[] = [
    { falsePositiveRate: 0, truePositiveRate: 0, threshold: Number.POSITIVE_INFINITY },
  ];
  for (const end of ranked.groupEnds) {
    const { defects, sound } = groupCounts(ranked, start, end);
    truePositives += defects;
    falsePositives += sound;
    points.push({
      falsePositiveRate: falsePositives / negatives,
      truePositiveRate: truePositives / positives,
      threshold: ranked.scores[ranked.order[start]],
    });
    start = end;
  }
  return thinned(points, maxPoints);
}

export interface RiskCoveragePoint {
  /** Share of inputs that are accepted. */
  readonly coverage: number;
  /** Share of defects among them. */
  readonly risk: number;
  /** Inputs with score <= threshold are accepted. */
  readonly threshold: number;
}

/** The risk-coverage curve by rising coverage, one point per distinct score, thinned to at most `maxPoints` (>= 2). */
export function riskCoverageCurve(ranked: Ranking, maxPoints = 200): RiskCoveragePoint[] {
  const { total } = totals(ranked);
  const points: RiskCoveragePoint[] = [];
  let accepted = 0;
  let acceptedDefects = 0;
  for (let g = ranked.groupEnds.length - 1; g >= 0; g--) {
    const start = g === 0 ? 0 : ranked.groupEnds[g - 1];
    const { defects, sound } = groupCounts(ranked, start, ranked.groupEnds[g]);
    accepted += defects + sound;
    acceptedDefects += defects;
    points.push({
      coverage: accepted / total,
      risk: acceptedDefects / accepted,
      threshold: ranked.scores[ranked.order[start]],
    });
  }
  return thinned(points, maxPoints);
}

export type MetricIntervals = {
  readonly [name in Exclude<keyof DetectionMetrics, "positives" | "negatives">]: Interval;
};

export interface BootstrapOptions {
  /** 32-bit */
  readonly seed: number;
  /** 1,000 by default. */
  readonly replicates?: number;
  /** 0.95 by default. */
  readonly confidence?: number;
}

/**
 * Percentile bootstrap intervals of all metrics of one or several scores on the same inputs: inputs are drawn with
 * replacement, `replicates` times, the same for every score. Replicates without defects or without sound inputs are
 * left out. O(N) a replicate and score.
 *
 * @param rankings of the same N inputs, with the same defects; entry i of the result belongs to rankings[i]
 */
export function bootstrapMetrics(rankings: readonly Ranking[], options: BootstrapOptions): MetricIntervals[] {
  requireBootstrap(rankings, options);
  if (rankings.length === 0) return [];
  const { seed, replicates = 1000, confidence = 0.95 } = options;
  const n = rankings[0].order.length;
  const drawn = rankings.map((): DetectionMetrics[] => []);
  const sample = bootstrapReplicates(rankings, seed);
  for (let done = 0; done < replicates; done += REPLICATES_AT_ONCE) {
    const positives = sample.draw();
    const usable = [...positives.keys()].filter(
      (k) => done + k < replicates && positives[k] > 0 && positives[k] < n,
    );
    for (let i = 0; i < rankings.length; i++) {
      const sums = sample.sweep(i, positives);
      for (const k of usable) drawn[i].push(metricsOf(sums[k], positives[k], n));
    }
  }
  return rankings.map((ranked, i) => {
    const estimates = detectionMetrics(ranked);
    const interval = (name: keyof MetricIntervals): Interval => {
      const values = new Float64Array(drawn[i].length);
      for (let k = 0; k < values.length; k++) values[k] = drawn[i][k][name];
      values.sort();
      const at = (p: number) =>
        values.length > 0 ? values[Math.min(values.length - 1, Math.floor(p * values.length))] : Number.NaN;
      return { value: estimates[name], low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
    };
    return {
      auroc: interval("auroc"),
      auprOut: interval("auprOut"),
      auprIn: interval("auprIn"),
      fpr95: interval("fpr95"),
      aurc: interval("aurc"),
    };
  });
}

function totals({ defects }: Ranking) {
  const total = defects.length;
  const positives = defects.reduce((sum, defect) => sum + defect, 0);
  return { positives, negatives: total - positives, total };
}

function groupCounts(ranked: Ranking, start: number, end: number) {
  let defects = 0;
  for (let k = start; k < end; k++) defects += ranked.defects[ranked.order[k]];
  return { defects, sound: end - start - defects };
}

/** Evenly chosen points, first and last kept. */
function thinned<T>(points: readonly T[], maxPoints: number): T[] {
  if (!(maxPoints >= 2))
    throw new InvalidInputError("maxPoints", `is ${maxPoints}`, "A curve needs at least 2 points.");
  if (points.length <= maxPoints) return [...points];
  const last = points.length - 1;
  return Array.from({ length: maxPoints }, (_, k) => points[Math.round((k * last) / (maxPoints - 1))]);
}
