import { InvalidInputError } from "./errors.ts";
import type { Ranking } from "./metrics.ts";
import { ranking } from "./metrics.ts";
import type { Interval } from "./statistics.ts";
import { criticalValue, normalSurvival } from "./statistics.ts";

/** AUROC of one detector with DeLong's standard error and normal interval, cut to [0, 1]. */
export interface AurocEstimate extends Interval {
  readonly standardError: number;
}

/** DeLong test of the AUROCs of two detectors on the same inputs. */
export interface AurocComparison {
  readonly first: AurocEstimate;
  readonly second: AurocEstimate;
  /** First minus second. */
  readonly difference: Interval;
  /** Difference over its standard error; 0 when both are equal with no variance. */
  readonly z: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * AUROC with its interval, without a bootstrap.
 *
 * @param scores N, higher = more likely a defect @param defects N, truthy where a defect; at least 2 of each kind
 */
export function aurocEstimate(
  scores: ArrayLike<number>,
  defects: ArrayLike<number | boolean>,
  confidence = 0.95,
): AurocEstimate {
  const placed = placements(ranking(scores, defects));
  return estimateOf(placed, criticalValue(confidence));
}

/**
 * DeLong, DeLong & Clarke-Pearson (1988) in the O(N log N) form of Sun & Xu (2014), ties included.
 *
 * @throws InvalidInputError with fewer than 2 defects or fewer than 2 sound inputs, or a NaN score
 */
export function compareAurocs(
  firstScores: ArrayLike<number>,
  secondScores: ArrayLike<number>,
  defects: ArrayLike<number | boolean>,
  confidence = 0.95,
): AurocComparison {
  const first = placements(ranking(firstScores, defects));
  const second = placements(ranking(secondScores, defects));
  const critical = criticalValue(confidence);
  const variance = covariance(first, first) + covariance(second, second) - 2 * covariance(first, second);
  // Rounding can leave a trace of variance between detectors that rank alike.
  const standardError = variance > 1e-20 ? Math.sqrt(variance) : 0;
  const difference = first.auroc - second.auroc;
  const z =
    standardError > 0
      ? difference / standardError
      : difference === 0
        ? 0
        : Math.sign(difference) * Number.POSITIVE_INFINITY;
  return {
    first: estimateOf(first, critical),
    second: estimateOf(second, critical),
    difference: {
      value: difference,
      low: difference - critical * standardError,
      high: difference + critical * standardError,
    },
    z,
    pValue: Math.min(1, 2 * normalSurvival(Math.abs(z))),
  };
}

/** The structural components: for each defect the share of sound inputs under it, and the other way round. */
interface Placements {
  readonly auroc: number;
  readonly ofDefects: Float64Array;
  readonly ofSound: Float64Array;
}

function placements(ranked: Ranking): Placements {
  const { order, groupEnds, defects } = ranked;
  const positives = defects.reduce((sum, value) => sum + value, 0);
  const negatives = defects.length - positives;
  if (positives < 2 || negatives < 2)
    throw new InvalidInputError(
      "defects",
      `holds ${positives} defects and ${negatives} sound inputs`,
      "The DeLong variance needs at least 2 of each.",
    );
  // Components in input order, so that two detectors' pair up.
  const position = new Uint32Array(defects.length);
  let nextDefect = 0;
  let nextSound = 0;
  for (let i = 0; i < defects.length; i++) position[i] = defects[i] === 1 ? nextDefect++ : nextSound++;
  const ofDefects = new Float64Array(positives);
  const ofSound = new Float64Array(negatives);
  let defectsAbove = 0;
  let soundAbove = 0;
  let start = 0;
  for (const end of groupEnds) {
    let tiedDefects = 0;
    for (let k = start; k < end; k++) tiedDefects += defects[order[k]];
    const tiedSound = end - start - tiedDefects;
    for (let k = start; k < end; k++) {
      const i = order[k];
      if (defects[i] === 1) ofDefects[position[i]] = (negatives - soundAbove - tiedSound / 2) / negatives;
      else ofSound[position[i]] = (defectsAbove + tiedDefects / 2) / positives;
    }
    defectsAbove += tiedDefects;
    soundAbove += tiedSound;
    start = end;
  }
  return { auroc: mean(ofDefects), ofDefects, ofSound };
}

/** Covariance of two AUROCs. */
function covariance(a: Placements, b: Placements): number {
  return (
    sampleCovariance(a.ofDefects, b.ofDefects) / a.ofDefects.length +
    sampleCovariance(a.ofSound, b.ofSound) / a.ofSound.length
  );
}

function estimateOf(placed: Placements, critical: number): AurocEstimate {
  const standardError = Math.sqrt(covariance(placed, placed));
  return {
    value: placed.auroc,
    low: Math.max(0, placed.auroc - critical * standardError),
    high: Math.min(1, placed.auroc + critical * standardError),
    standardError,
  };
}

function sampleCovariance(a: Float64Array, b: Float64Array): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - meanA) * (b[i] - meanB);
  return sum / (a.length - 1);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
