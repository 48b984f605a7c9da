import { InvalidInputError, requireSize } from "./errors.ts";
import { type HeatmapCounts, requireCountable } from "./heatmap.ts";
import type { Matrix } from "./matrix.ts";
import { fisherExactTest } from "./statistics/fisher.ts";
import { mcNemarTest } from "./statistics/mcnemar.ts";
import { benjaminiHochberg } from "./statistics/multiple-testing.ts";
import {
  type Interval,
  oddsRatio,
  pairedRiskDifference,
  riskDifference,
  twoProportionTest,
} from "./statistics/proportion.ts";
import { addJointPairCounts, addPairCounts } from "./wasm/predicates/pair-counts.ts";

/** When a cell is tested at all, and what counts as significant. */
export interface DifferentialOptions {
  /** Inputs that each side must have for any cell to be tested; default 5. */
  readonly minimumInputs?: number;
  /**
   * The minimum-count rule: a cell is tested only where the predicate holds at least so often, and fails at
   * least so often, over both sides together; default 5. (Which cells pass depends on the pooled counts
   * alone, so the rule does not bias the tests.) Of paired inputs, so many must be discordant.
   */
  readonly minimumCount?: number;
  /** Largest q-value of a significant cell, in (0, 1]; default 0.05. */
  readonly falseDiscoveryRate?: number;
}

/**
 * One heatmap minus another, every tested cell with its p- and q-value. All arrays are C×C row-major; read
 * one cell in full with {@link differentialCell}.
 */
export interface Differential {
  readonly concepts: number;
  /** Whether both sides saw the same inputs. */
  readonly paired: boolean;
  readonly first: HeatmapCounts;
  readonly second: HeatmapCounts;
  /** Paired only: on how many inputs the predicate held on both sides. */
  readonly both?: Uint32Array;
  /** mean(first) − mean(second) per cell, -1..1; NaN when a side has no inputs. */
  readonly differences: Float64Array;
  /** Two-sided p-values; NaN where the cell was not tested. */
  readonly pValues: Float64Array;
  /** Benjamini-Hochberg over the tested cells; NaN where the cell was not tested. */
  readonly qValues: Float64Array;
  readonly testedCells: number;
  readonly significantCells: number;
  readonly falseDiscoveryRate: number;
}

/** Everything known about cell (i, j) of a differential. */
export interface DifferentialCell {
  readonly i: number;
  readonly j: number;
  readonly count1: number;
  readonly inputs1: number;
  readonly count2: number;
  readonly inputs2: number;
  /** First − second with its 95 % Newcombe interval. */
  readonly difference: Interval;
  /** Odds of the predicate, first against second; absent for paired inputs. */
  readonly oddsRatio?: Interval;
  readonly test: "two-proportion" | "fisher" | "mcnemar" | "none";
  readonly pValue: number;
  readonly qValue: number;
  readonly significant: boolean;
}

/** A concept of the significant cells, and what happens to it. */
export interface ResponsibleConcept {
  readonly concept: number;
  /**
   * The change of the concept's win rate from the first side to the second that its significant cells make
   * up, -1..1: positive when it rises on the second side (among incorrect, attacked, or version B inputs).
   */
  readonly effect: number;
  readonly direction: "RISES" | "FALLS";
  /** Significant cells in the concept's row. */
  readonly significantCells: number;
  /** The concept against which it changes most. */
  readonly strongestAgainst: number;
  /** The smallest q-value in its row. */
  readonly smallestQ: number;
}

/**
 * The differential heatmap of two disjoint groups of inputs (correct − incorrect of a class, clean −
 * attacked, ...): per cell a pooled two-proportion z test, or Fisher's exact test where an expected count is
 * below 5 (Cochran's rule), then Benjamini-Hochberg over the tested cells. O(C²).
 *
 * @throws InvalidInputError when the sides differ in concepts or an option is out of range
 */
export function differentialHeatmap(
  first: HeatmapCounts,
  second: HeatmapCounts,
  options: DifferentialOptions = {},
): Differential {
  requireSize("second", second.concepts, first.concepts, "concepts");
  const { minimumInputs, minimumCount } = requireOptions(options);
  const enough = Math.min(first.inputs, second.inputs) >= minimumInputs;
  const total = first.inputs + second.inputs;
  // Cells repeat the same two counts often; an exact test costs more than a look-up.
  const exact = new Map<number, number>();
  return assemble(first, second, undefined, options, (cell) => {
    const count1 = first.counts[cell];
    const count2 = second.counts[cell];
    const successes = count1 + count2;
    if (!enough || Math.min(successes, total - successes) < minimumCount) return Number.NaN;
    if (!needsExactTest(first.inputs, second.inputs, successes))
      return twoProportionTest(count1, first.inputs, count2, second.inputs).pValue;
    const key = count1 * (second.inputs + 1) + count2;
    let pValue = exact.get(key);
    if (pValue === undefined) {
      pValue = fisherExactTest(count1, first.inputs, count2, second.inputs);
      exact.set(key, pValue);
    }
    return pValue;
  });
}

/**
 * The differential heatmap of the same inputs seen twice (version A − version B, clean − attacked copies):
 * McNemar's mid-p test per cell on the discordant inputs, then Benjamini-Hochberg. O(N · C²).
 *
 * @param first N×C strengths on the first side
 * @param second N×C strengths of the same inputs, in the same order, on the second
 * @param rows only these inputs; all when left out
 */
export function pairedDifferentialHeatmap(
  first: Matrix,
  second: Matrix,
  rows?: ArrayLike<number>,
  options: DifferentialOptions = {},
): Differential {
  requireSize("second", second.columns, first.columns, "concepts");
  requireSize("second", second.rows, first.rows, "inputs");
  const { minimumInputs, minimumCount } = requireOptions(options);
  const chosen = rows ?? Uint32Array.from({ length: first.rows }, (_, i) => i);
  requireCountable(first, chosen);
  requireCountable(second, chosen);
  const concepts = first.columns;
  const inputs = chosen.length;
  const heatmap = (strengths: Matrix): HeatmapCounts => {
    const counts = new Uint32Array(concepts * concepts);
    addPairCounts(strengths, chosen, counts);
    return { concepts, inputs, counts };
  };
  const both = new Uint32Array(concepts * concepts);
  addJointPairCounts(first, second, chosen, both);
  const heatmap1 = heatmap(first);
  const heatmap2 = heatmap(second);
  return assemble(heatmap1, heatmap2, both, options, (cell) => {
    const onlyFirst = heatmap1.counts[cell] - both[cell];
    const onlySecond = heatmap2.counts[cell] - both[cell];
    if (inputs < minimumInputs || onlyFirst + onlySecond < minimumCount) return Number.NaN;
    return mcNemarTest(onlyFirst, onlySecond).pValue;
  });
}

/** Cell (i, j) of a differential in full. Throws InvalidInputError when there is no such cell. */
export function differentialCell(differential: Differential, i: number, j: number): DifferentialCell {
  const { concepts, first, second, both } = differential;
  for (const [field, value] of Object.entries({ i, j }))
    if (!Number.isInteger(value) || value < 0 || value >= concepts)
      throw new InvalidInputError(field, `is ${value}`, `Use a concept number from 0 to ${concepts - 1}.`);
  const cell = i * concepts + j;
  const count1 = first.counts[cell];
  const count2 = second.counts[cell];
  const pValue = differential.pValues[cell];
  const qValue = differential.qValues[cell];
  const common = {
    i,
    j,
    count1,
    inputs1: first.inputs,
    count2,
    inputs2: second.inputs,
    pValue,
    qValue,
    significant: qValue <= differential.falseDiscoveryRate,
  };
  if (both) {
    const joint = both[cell];
    const neither = first.inputs - count1 - count2 + joint;
    const difference = pairedRiskDifference(joint, count1 - joint, count2 - joint, neither);
    return { ...common, difference, test: Number.isNaN(pValue) ? "none" : "mcnemar" };
  }
  const exact = needsExactTest(first.inputs, second.inputs, count1 + count2);
  return {
    ...common,
    difference: riskDifference(count1, first.inputs, count2, second.inputs),
    oddsRatio: oddsRatio(count1, first.inputs, count2, second.inputs),
    test: Number.isNaN(pValue) ? "none" : exact ? "fisher" : "two-proportion",
  };
}

/**
 * The responsible concepts: those of the significant cells, by size of effect, largest first (ties by
 * concept number).
 */
export function responsibleConcepts(differential: Differential): ResponsibleConcept[] {
  const { concepts, differences, qValues, falseDiscoveryRate } = differential;
  const found: ResponsibleConcept[] = [];
  for (let i = 0; i < concepts; i++) {
    let sum = 0;
    let significantCells = 0;
    let strongestAgainst = -1;
    let smallestQ = 1;
    for (let j = 0; j < concepts; j++) {
      const cell = i * concepts + j;
      // An untested cell has a NaN q-value, which is not <= anything.
      if (!(qValues[cell] <= falseDiscoveryRate)) continue;
      significantCells++;
      sum -= differences[cell];
      smallestQ = Math.min(smallestQ, qValues[cell]);
      if (
        strongestAgainst < 0 ||
        Math.abs(differences[cell]) > Math.abs(differences[i * concepts + strongestAgainst])
      )
        strongestAgainst = j;
    }
    if (significantCells === 0) continue;
    const effect = sum / (concepts - 1);
    const direction = effect > 0 ? "RISES" : "FALLS";
    found.push({ concept: i, effect, direction, significantCells, strongestAgainst, smallestQ });
  }
  return found.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || a.concept - b.concept);
}

function assemble(
  first: HeatmapCounts,
  second: HeatmapCounts,
  both: Uint32Array | undefined,
  options: DifferentialOptions,
  pValueOf: (cell: number) => number,
): Differential {
  const { concepts } = first;
  const { falseDiscoveryRate } = requireOptions(options);
  const differences = new Float64Array(concepts * concepts);
  const pValues = new Float64Array(concepts * concepts).fill(Number.NaN);
  let testedCells = 0;
  for (let i = 0; i < concepts; i++)
    for (let j = 0; j < concepts; j++) {
      const cell = i * concepts + j;
      differences[cell] = first.counts[cell] / first.inputs - second.counts[cell] / second.inputs;
      if (i === j) continue;
      pValues[cell] = pValueOf(cell);
      if (!Number.isNaN(pValues[cell])) testedCells++;
    }
  const qValues = benjaminiHochberg(pValues);
  let significantCells = 0;
  for (const q of qValues) if (q <= falseDiscoveryRate) significantCells++;
  return {
    concepts,
    paired: both !== undefined,
    first,
    second,
    both,
    differences,
    pValues,
    qValues,
    testedCells,
    significantCells,
    falseDiscoveryRate,
  };
}

/** Cochran's rule: some cell of the 2×2 table is expected to hold fewer than 5. */
function needsExactTest(inputs1: number, inputs2: number, successes: number): boolean {
  const total = inputs1 + inputs2;
  return Math.min(inputs1, inputs2) * Math.min(successes, total - successes) < 5 * total;
}

function requireOptions(options: DifferentialOptions): Required<DifferentialOptions> {
  const { minimumInputs = 5, minimumCount = 5, falseDiscoveryRate = 0.05 } = options;
  for (const [field, value] of Object.entries({ minimumInputs, minimumCount }))
    if (!Number.isInteger(value) || value < 1)
      throw new InvalidInputError(field, `is ${value}`, "Use a whole number >= 1.");
  if (!(falseDiscoveryRate > 0 && falseDiscoveryRate <= 1))
    throw new InvalidInputError("falseDiscoveryRate", `is ${falseDiscoveryRate}`, "Use a number in (0, 1].");
  return { minimumInputs, minimumCount, falseDiscoveryRate };
}
