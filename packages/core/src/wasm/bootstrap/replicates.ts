import type { Ranking } from "../../metrics.ts";
import { random, randomState } from "../../random.ts";
import { reserve } from "../load.ts";
import { bootstrapKernel } from "./kernel.ts";
import { type SweepSums, summedHarmonics, sweep, sweepSums, wantedDefects } from "./sweep.ts";

/** Replicates that are drawn and swept together. */
export const REPLICATES_AT_ONCE = 4;

/** Bootstrap replicates of N inputs, one after another. */
export interface Replicates {
  /** Draws the next REPLICATES_AT_ONCE: N of the inputs with replacement each. @returns how many of them are defects */
  draw(): number[];
  /** Sweeps the drawn inputs by the ranking of that number. @param positives what `draw` returned */
  sweep(ranking: number, positives: readonly number[]): SweepSums[];
}

/**
 * Replicates of inputs that several scores rank; the same seed gives the same replicates and bits on every machine,
 * with the kernel and without it.
 *
 * @param rankings at least one, all of the same inputs
 */
export function bootstrapReplicates(rankings: readonly Ranking[], seed: number): Replicates {
  return kernelReplicates(rankings, seed) ?? plainReplicates(rankings, seed);
}

/** In plain JavaScript, for where WebAssembly is missing or forbidden. */
export function plainReplicates(rankings: readonly Ranking[], seed: number): Replicates {
  const [{ defects }] = rankings;
  const n = defects.length;
  const uniform = random(seed);
  const summed = summedHarmonics(n);
  const drawn = Array.from({ length: REPLICATES_AT_ONCE }, () => new Int32Array(n));
  return {
    draw: () =>
      drawn.map((counts) => {
        counts.fill(0);
        let positives = 0;
        for (let k = 0; k < n; k++) {
          const input = Math.floor(uniform() * n);
          counts[input]++;
          positives += defects[input];
        }
        return positives;
      }),
    sweep: (ranking, positives) =>
      drawn.map((counts, lane) => sweep(rankings[ranking], counts, positives[lane], summed)),
  };
}

/** The kernel's state of two replicates, whose numbers lie side by side: what is which, in pairs. */
const STATE = {
  positives: 0,
  wanted: 1,
  concordant: 3,
  precisionOut: 4,
  missingPrecisionIn: 5,
  falsePositives: 6,
  missingRisks: 7,
} as const;
const STATE_LENGTH = 16;

/** By the kernel, in 41 bytes of memory an input and 4 more a ranking; undefined where there is no WebAssembly. */
function kernelReplicates(rankings: readonly Ranking[], seed: number): Replicates | undefined {
  const kernel = bootstrapKernel();
  if (!kernel) return undefined;
  const [{ defects }] = rankings;
  const n = defects.length;
  let end = 0;
  const place = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 32) * 32;
    return at;
  };
  const at = {
    states: place((8 * STATE_LENGTH * REPLICATES_AT_ONCE) / 2),
    generator: place(4 * 4),
    counts: place(8 * REPLICATES_AT_ONCE * n),
    summed: place(8 * (n + 1)),
    ranks: rankings.map(() => place(4 * (n + 1))),
    defects: place(n),
  };
  reserve(kernel, end);
  const { buffer } = kernel.memory;
  const summed = new Float64Array(buffer, at.summed, n + 1);
  summed.set(summedHarmonics(n));
  new Uint32Array(buffer, at.generator, 4).set(randomState(seed));
  new Uint8Array(buffer, at.defects, n).set(defects);
  for (const [i, ranking] of rankings.entries())
    new Uint32Array(buffer, at.ranks[i], n).set(ranksOf(ranking));
  const counts = new Float64Array(buffer, at.counts, REPLICATES_AT_ONCE * n);
  const states = new Float64Array(buffer, at.states, (STATE_LENGTH * REPLICATES_AT_ONCE) / 2);
  const placeOf = (replicate: number, name: keyof typeof STATE) =>
    (replicate >> 1) * STATE_LENGTH + 2 * STATE[name] + (replicate & 1);
  return {
    draw: () => {
      counts.fill(0);
      return Array.from({ length: REPLICATES_AT_ONCE }, (_, replicate) =>
        kernel.drawReplicate(n, at.generator, at.defects, at.counts + 8 * replicate),
      );
    },
    sweep: (ranking, positives) => {
      for (const [replicate, ofReplicate] of positives.entries()) {
        states[placeOf(replicate, "positives")] = ofReplicate;
        states[placeOf(replicate, "wanted")] = wantedDefects(ofReplicate);
      }
      kernel.sweepRanking(n, at.ranks[ranking], at.counts, at.states, at.summed);
      return positives.map((ofReplicate, replicate) =>
        sweepSums(n, ofReplicate, summed, {
          concordant: states[placeOf(replicate, "concordant")],
          precisionOut: states[placeOf(replicate, "precisionOut")],
          missingPrecisionIn: states[placeOf(replicate, "missingPrecisionIn")],
          falsePositives: states[placeOf(replicate, "falsePositives")],
          missingRisks: states[placeOf(replicate, "missingRisks")],
        }),
      );
    },
  };
}

/** By rank: 4 · input, + 2 where a group of equal scores ends, + 1 where it is a defect. */
function ranksOf({ order, groupEnds, defects }: Ranking): Uint32Array {
  const ranks = Uint32Array.from(order, (input) => 4 * input + defects[input]);
  for (const end of groupEnds) ranks[end - 1] += 2;
  return ranks;
}
