// WebAssembly is typed by the DOM library alone; Node has it too.
/// <reference lib="dom" />

import { decodeBase64 } from "../base64.ts";
import type { Ranking } from "../metrics.ts";
import { random, randomState } from "../random.ts";
import { BOOTSTRAP_WASM } from "./bootstrap-wasm.ts";
import { reciprocals, type SweepSums, sweep, wantedDefects } from "./sweep.ts";

/** Bootstrap replicates of N inputs, one after another. */
export interface Replicates {
  /** Draws the next replicate: N of the inputs with replacement. @returns how many of the drawn are defects */
  draw(): number;
  /** Sweeps the drawn inputs by the ranking of that number. @param positives what `draw` returned */
  sweep(ranking: number, positives: number): SweepSums;
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
  const known = reciprocals(n);
  const counts = new Int32Array(n);
  return {
    draw: () => {
      counts.fill(0);
      let positives = 0;
      for (let k = 0; k < n; k++) {
        const input = Math.floor(uniform() * n);
        counts[input]++;
        positives += defects[input];
      }
      return positives;
    },
    sweep: (ranking, positives) => sweep(rankings[ranking], counts, positives, known),
  };
}

/** The exports of kernel/bootstrap.ts; pointers are byte offsets into the memory. */
interface KernelExports {
  drawReplicate(n: number, state: number, defects: number, counts: number): number;
  sweepRanking(
    n: number,
    ranks: number,
    counts: number,
    total: number,
    positives: number,
    wanted: number,
    reciprocals: number,
    harmonic: number,
    sums: number,
  ): void;
}

let compiled: WebAssembly.Module | null | undefined;

function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(decodeBase64(BOOTSTRAP_WASM, "BOOTSTRAP_WASM") as Uint8Array<ArrayBuffer>);
  } catch {
    return null;
  }
}

/** By the kernel, in 20 bytes of memory an input and 4 more a ranking; undefined where there is no WebAssembly. */
function kernelReplicates(rankings: readonly Ranking[], seed: number): Replicates | undefined {
  compiled ??= compile();
  if (!compiled) return undefined;
  const [{ defects }] = rankings;
  const n = defects.length;
  let end = 0;
  const place = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 8) * 8;
    return at;
  };
  const at = {
    sums: place(5 * 8),
    state: place(4 * 4),
    reciprocals: place(8 * (n + 1)),
    harmonic: place(8 * (n + 1)),
    counts: place(4 * n),
    ranks: rankings.map(() => place(4 * n)),
    defects: place(n),
  };
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536) });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  // The exports are those of the generated module, which TypeScript cannot see.
  const kernel = instance.exports as unknown as KernelExports;
  const { buffer } = memory;
  const known = reciprocals(n);
  new Float64Array(buffer, at.reciprocals, n + 1).set(known.of);
  new Float64Array(buffer, at.harmonic, n + 1).set(known.sums);
  new Uint32Array(buffer, at.state, 4).set(randomState(seed));
  new Uint8Array(buffer, at.defects, n).set(defects);
  for (const [i, ranking] of rankings.entries())
    new Uint32Array(buffer, at.ranks[i], n).set(ranksOf(ranking));
  const sums = new Float64Array(buffer, at.sums, 5);
  return {
    draw: () => kernel.drawReplicate(n, at.state, at.defects, at.counts),
    sweep: (ranking, positives) => {
      kernel.sweepRanking(
        n,
        at.ranks[ranking],
        at.counts,
        n,
        positives,
        wantedDefects(positives),
        at.reciprocals,
        at.harmonic,
        at.sums,
      );
      const [concordant, precisionOut, precisionIn, falsePositives, risks] = sums;
      return { concordant, precisionOut, precisionIn, falsePositives, risks };
    },
  };
}

/** By rank: 4 · input, + 2 where a group of equal scores ends, + 1 where it is a defect. */
function ranksOf({ order, groupEnds, defects }: Ranking): Uint32Array {
  const ranks = Uint32Array.from(order, (input) => 4 * input + defects[input]);
  for (const end of groupEnds) ranks[end - 1] += 2;
  return ranks;
}
