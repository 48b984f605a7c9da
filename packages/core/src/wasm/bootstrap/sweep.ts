import type { Ranking } from "../../metrics.ts";

/** What one pass over a ranking adds up; the metrics are quotients of these. */
export interface SweepSums {
  /** Pairs of a defect and a sound input that scores lower, ties half. */
  readonly concordant: number;
  /** Precision at each defect, added up; and at each sound input, from the other end. */
  readonly precisionOut: number;
  readonly precisionIn: number;
  /** Sound inputs at or over the highest threshold that finds 95 % of the defects; means nothing without defects. */
  readonly falsePositives: number;
  /** Share of defects among the k least suspicious inputs, added up over k. */
  readonly risks: number;
}

/**
 * H₀ + ... + H₍ₖ₋₁₎ of the harmonic numbers Hₖ = 1/1 + ... + 1/k, which is k (Hₖ - 1): k = 0..count.
 *
 * A defect that is the p-th least suspicious of N raises the risk of every k >= p by 1/k, in all by Hₙ - H₍ₚ₋₁₎; a
 * group of equal scores has a defect's share at each of its places, one after another.
 */
export function summedHarmonics(count: number): Float64Array {
  const summed = new Float64Array(count + 1);
  let harmonic = 0;
  for (let k = 1; k <= count; k++) {
    harmonic += 1 / k;
    summed[k] = k * (harmonic - 1);
  }
  return summed;
}

/** Defects that a threshold must find for the false-positive rate: the least number that is 95 % of them. */
export function wantedDefects(positives: number): number {
  let least = Math.floor(0.95 * positives);
  while (least > 0 && (least - 1) / positives >= 0.95) least--;
  while (least / positives < 0.95) least++;
  return least;
}

/**
 * One pass over the inputs in order of rank. Groups of sound inputs, which most are, cost a division and no more: all
 * sums but one change at defects alone. The kernel (kernel/bootstrap.ts) does the same operations in the same order.
 *
 * @param counts how often each input counts @param positives the sum of the defects' counts
 * @param summed `summedHarmonics` up to the sum of counts
 */
export function sweep(
  { order, groupEnds, defects }: Ranking,
  counts: ArrayLike<number>,
  positives: number,
  summed: Float64Array,
): SweepSums {
  const total = summed.length - 1;
  const wanted = wantedDefects(positives);
  // What is left below the groups seen so far: what a threshold there accepts as sound.
  let accepted = total;
  let acceptedDefects = positives;
  let concordant = 0;
  let precisionOut = 0;
  let falsePositives = total;
  // Sound inputs over what was accepted where they stood, added up since the last defects.
  let shares = 0;
  let missingPrecisionIn = 0;
  let missingRisks = 0;
  let k = 0;
  for (const end of groupEnds) {
    let size = 0;
    let bad = 0;
    let holdsDefects = 0;
    for (; k < end; k++) {
      const input = order[k];
      size += counts[input];
      bad += counts[input] * defects[input];
      holdsDefects |= defects[input];
    }
    const sound = size - bad;
    const below = accepted - size;
    shares += sound / Math.max(accepted, 1);
    if (holdsDefects) {
      missingPrecisionIn += acceptedDefects * shares;
      shares = 0;
      acceptedDefects -= bad;
      const found = positives - acceptedDefects;
      const rejected = total - below;
      concordant += bad * (below - acceptedDefects + sound / 2);
      precisionOut += (bad * found) / Math.max(rejected, 1);
      if (found >= wanted) falsePositives = Math.min(falsePositives, rejected - found);
      missingRisks += (bad / Math.max(size, 1)) * (summed[accepted] - summed[below]);
    }
    accepted = below;
  }
  return sweepSums(total, positives, summed, {
    concordant,
    precisionOut,
    missingPrecisionIn,
    falsePositives,
    missingRisks,
  });
}

/** What a pass adds up. */
interface Swept {
  readonly concordant: number;
  readonly precisionOut: number;
  /** What the precisions at sound inputs lack of 1. */
  readonly missingPrecisionIn: number;
  readonly falsePositives: number;
  /** What the risks lack of those where the defects are the least suspicious of all. */
  readonly missingRisks: number;
}

export function sweepSums(total: number, positives: number, summed: Float64Array, swept: Swept): SweepSums {
  const { concordant, precisionOut, missingPrecisionIn, falsePositives, missingRisks } = swept;
  // Hₙ, as it stands in its sum.
  const harmonic = total > 0 ? summed[total] / total + 1 : 0;
  return {
    concordant,
    precisionOut,
    precisionIn: total - positives - missingPrecisionIn,
    falsePositives,
    risks: positives * harmonic - missingRisks,
  };
}
