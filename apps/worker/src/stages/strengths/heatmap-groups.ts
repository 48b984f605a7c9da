import {
  countHeatmap,
  decodeHeatmap,
  emptyHeatmap,
  encodeHeatmap,
  type HeatmapCounts,
  type Matrix,
  mergeHeatmaps,
} from "@faultline/core";

/**
 * The disjoint sets that all heatmaps of a run are sums of; each is split by class. An input is in the groups
 * `correct`, or `incorrectByLabel` and `incorrectByPredicted`, or `unlabelledByPredicted`; a clean counterpart
 * in `cleanByLabel` and `cleanByPredicted`.
 */
export const heatmapGroups = [
  "correct",
  "incorrectByLabel",
  "incorrectByPredicted",
  "unlabelledByPredicted",
  "cleanByLabel",
  "cleanByPredicted",
] as const;
export type HeatmapGroup = (typeof heatmapGroups)[number];

/** Sums of pair counts by group and class. Counts are whole numbers: their sums do not depend on any order. */
export class HeatmapTotals {
  readonly concepts: number;
  readonly #sums = new Map<string, { inputs: number; counts: Uint32Array }>();

  constructor(concepts: number) {
    this.concepts = concepts;
  }

  /** Adds inputs (rows of N×C strengths) to a class of a group. */
  add(group: HeatmapGroup, classNumber: number, strengths: Matrix, rows: readonly number[]): void {
    if (rows.length > 0) this.merge(group, classNumber, countHeatmap(strengths, rows));
  }

  merge(group: HeatmapGroup, classNumber: number, added: HeatmapCounts): void {
    const key = `${group}/${classNumber}`;
    const sum = this.#sums.get(key);
    if (!sum) {
      this.#sums.set(key, { inputs: added.inputs, counts: Uint32Array.from(added.counts) });
      return;
    }
    sum.inputs += added.inputs;
    for (let cell = 0; cell < sum.counts.length; cell++) sum.counts[cell] += added.counts[cell];
  }

  /** The sum of the given classes of the given groups; without inputs where there are none. */
  sum(groups: readonly HeatmapGroup[], classNumbers: readonly number[]): HeatmapCounts {
    const parts = groups
      .flatMap((group) => classNumbers.map((k) => this.#sums.get(`${group}/${k}`)))
      .flatMap((sum) => (sum ? [{ concepts: this.concepts, ...sum }] : []));
    return parts.length > 0 ? mergeHeatmaps(parts) : emptyHeatmap(this.concepts);
  }

  /** As columns for an artifact, in a fixed order. */
  encode(): Record<string, Uint8Array> {
    return Object.fromEntries(
      [...this.#sums.keys()].sort().map((key) => {
        const sum = this.#sums.get(key) as { inputs: number; counts: Uint32Array };
        return [key, encodeHeatmap({ concepts: this.concepts, ...sum })];
      }),
    );
  }

  /** Adds what {@link encode} wrote. */
  mergeEncoded(columns: Record<string, Uint8Array>): void {
    for (const [key, bytes] of Object.entries(columns)) {
      const [group, classNumber] = key.split("/");
      this.merge(group as HeatmapGroup, Number(classNumber), decodeHeatmap(bytes));
    }
  }
}
