import type { Ranking } from "../metrics.ts";

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

/** 1/k and their sums 1/1 + ... + 1/k, k = 0..count (0 at k = 0). */
export interface Reciprocals {
  readonly of: Float64Array;
  readonly sums: Float64Array;
}

export function reciprocals(count: number): Reciprocals {
  const of = new Float64Array(count + 1);
  const sums = new Float64Array(count + 1);
  for (let k = 1; k <= count; k++) {
    of[k] = 1 / k;
    sums[k] = sums[k - 1] + of[k];
  }
  return { of, sums };
}

/** Defects that a threshold must find for the false-positive rate: the least number that is 95 % of them. */
export function wantedDefects(positives: number): number {
  let least = Math.floor(0.95 * positives);
  while (least > 0 && (least - 1) / positives >= 0.95) least--;
  while (least / positives < 0.95) least++;
  return least;
}

/**
 * One pass over the inputs in order of rank. Every denominator is a whole number up to the sum of the counts, so
 * reciprocals are looked up instead of dividing. The kernel (kernel/bootstrap.ts) does the same operations in the
 * same order.
 *
 * @param counts how often each input counts @param positives the sum of the defects' counts
 * @param known up to the sum of counts
 */
export function sweep(
  { order, groupEnds, defects }: Ranking,
  counts: ArrayLike<number>,
  positives: number,
  { of, sums }: Reciprocals,
): SweepSums {
  const total = sums.length - 1;
  const wanted = wantedDefects(positives);
  // What is left below the groups seen so far: what a threshold there accepts as sound.
  let accepted = total;
  let acceptedDefects = positives;
  let concordant = 0;
  let precisionOut = 0;
  let precisionIn = 0;
  let falsePositives = -1;
  let risks = 0;
  let k = 0;
  for (const end of groupEnds) {
    let size = 0;
    let bad = 0;
    for (; k < end; k++) {
      const input = order[k];
      size += counts[input];
      bad += counts[input] * defects[input];
    }
    const sound = size - bad;
    const below = accepted - size;
    const defectsBelow = acceptedDefects - bad;
    const found = positives - defectsBelow;
    concordant += sound * (found - bad / 2);
    precisionIn += sound * (accepted - acceptedDefects) * of[accepted];
    precisionOut += bad * found * of[total - below];
    if (falsePositives < 0 && found >= wanted) falsePositives = total - below - found;
    // Sum over t = 1..size of the risk (defectsBelow + t bad / size) / (below + t).
    const share = sound === 0 ? 1 : bad / size;
    risks += bad + (defectsBelow - below * share) * (sums[accepted] - sums[below]);
    accepted = below;
    acceptedDefects = defectsBelow;
  }
  return { concordant, precisionOut, precisionIn, falsePositives, risks };
}
