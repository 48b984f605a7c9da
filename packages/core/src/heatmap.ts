import { InvalidInputError, requireSize } from "./errors.ts";
import type { Matrix } from "./matrix.ts";
import { addPairCounts } from "./wasm/predicates/pair-counts.ts";

/** The fewest and the most concepts that a heatmap can hold. */
export const MIN_CONCEPTS = 2;
export const MAX_CONCEPTS = 4096;

/**
 * A heatmap kept as counts: `counts[i * concepts + j]` is the number of inputs on which the strength
 * predicate P_ij = [s_i > s_j] holds, 0..inputs. The diagonal is 0; ties count for neither side, so
 * (i, j) + (j, i) <= inputs. Counts of shards add up exactly; means do not.
 */
export interface HeatmapCounts {
  readonly concepts: number;
  readonly inputs: number;
  readonly counts: Uint32Array;
}

/** A heatmap over no inputs. Throws InvalidInputError unless 2 <= concepts <= 4096. */
export function emptyHeatmap(concepts: number): HeatmapCounts {
  requireConcepts(concepts);
  return { concepts, inputs: 0, counts: new Uint32Array(concepts * concepts) };
}

/**
 * Counts the strength predicates over inputs (arXiv 2403.19837, strength predicates).
 *
 * @param strengths N×C, row = input; any finite or infinite number, -0 equals 0
 * @param rows the inputs to count, as row numbers (repeats count again); all rows when left out
 * @throws InvalidInputError on NaN (naming the input), a row outside 0..N-1, or C outside 2..4096
 */
export function countHeatmap(strengths: Matrix, rows?: ArrayLike<number>): HeatmapCounts {
  requireConcepts(strengths.columns);
  const chosen = rows ?? Uint32Array.from({ length: strengths.rows }, (_, i) => i);
  requireCountable(strengths, chosen);
  const heatmap = emptyHeatmap(strengths.columns);
  addPairCounts(strengths, chosen, heatmap.counts);
  return { ...heatmap, inputs: chosen.length };
}

/** The heatmap of one input: every cell is 0 or 1. */
export function singleInputHeatmap(strengths: Float32Array): HeatmapCounts {
  return countHeatmap({ rows: 1, columns: strengths.length, data: strengths });
}

/**
 * One heatmap per class over the inputs that carry it: with true labels the *ground-truth* heatmaps, with
 * predictions the *output-label* heatmaps. A class without inputs gets an empty heatmap.
 *
 * @param classOfInput N class numbers in 0..classes-1
 * @param rows only these inputs (for instance the correct ones); all when left out
 */
export function heatmapsByClass(
  strengths: Matrix,
  classOfInput: ArrayLike<number>,
  classes: number,
  rows?: ArrayLike<number>,
): HeatmapCounts[] {
  return rowsByClass(classOfInput, strengths.rows, classes, rows).map((members) =>
    countHeatmap(strengths, members),
  );
}

/** Ground-truth heatmaps: `heatmaps[k]` counts the inputs labelled k. See {@link heatmapsByClass}. */
export function groundTruthHeatmaps(
  strengths: Matrix,
  labels: ArrayLike<number>,
  classes: number,
): HeatmapCounts[] {
  return heatmapsByClass(strengths, labels, classes);
}

/** Output-label heatmaps: `heatmaps[k]` counts the inputs predicted k. See {@link heatmapsByClass}. */
export function outputLabelHeatmaps(
  strengths: Matrix,
  predictions: ArrayLike<number>,
  classes: number,
): HeatmapCounts[] {
  return heatmapsByClass(strengths, predictions, classes);
}

/**
 * The exact sum of heatmaps over disjoint sets of inputs.
 *
 * @throws InvalidInputError when there are none, when their concepts differ in number, or when the sum of
 *   inputs passes 2^32 - 1 (no cell can then overflow)
 */
export function mergeHeatmaps(heatmaps: readonly HeatmapCounts[]): HeatmapCounts {
  if (heatmaps.length === 0)
    throw new InvalidInputError("heatmaps", "is empty", "Pass at least one heatmap, or use emptyHeatmap.");
  const { concepts } = heatmaps[0];
  let inputs = 0;
  for (let k = 0; k < heatmaps.length; k++) {
    requireSize(`heatmaps[${k}]`, heatmaps[k].concepts, concepts, "concepts");
    requireSize(`heatmaps[${k}]`, heatmaps[k].counts.length, concepts * concepts, "counts");
    inputs += heatmaps[k].inputs;
  }
  if (inputs > 0xffffffff)
    throw new InvalidInputError("heatmaps", `sum to ${inputs} inputs`, "Keep a merge below 2^32 inputs.");
  const counts = new Uint32Array(concepts * concepts);
  for (const heatmap of heatmaps)
    for (let cell = 0; cell < counts.length; cell++) counts[cell] += heatmap.counts[cell];
  return { concepts, inputs, counts };
}

/** The share of inputs per cell, C×C row-major in [0, 1]. All NaN when the heatmap has no inputs. */
export function heatmapMeans(heatmap: HeatmapCounts): Float64Array {
  return Float64Array.from(heatmap.counts, (count) => count / heatmap.inputs);
}

/** 1 where a cell's mean is above 0.5, else 0 (also for a heatmap without inputs); C×C row-major. */
export function binarisedHeatmap(heatmap: HeatmapCounts): Uint8Array {
  return Uint8Array.from(heatmap.counts, (count) => (2 * count > heatmap.inputs ? 1 : 0));
}

/**
 * The class × concept view: the win rate of each concept, the mean over j≠i of cell (i, j), in [0, 1].
 * All NaN when the heatmap has no inputs.
 */
export function winRates(heatmap: HeatmapCounts): Float64Array {
  const { concepts, inputs, counts } = heatmap;
  const rates = new Float64Array(concepts);
  for (let i = 0; i < concepts; i++) {
    let wins = 0;
    for (let j = 0; j < concepts; j++) wins += counts[i * concepts + j];
    rates[i] = wins / inputs / (concepts - 1);
  }
  return rates;
}

/**
 * The heatmap as its win rates alone tell it: cell (i, j) is ½ + (r_i − r_j)(C − 1)/C of the inputs, the
 * least-squares fit of a cell by the difference of one number a concept (Borda's scores), kept within 0..1
 * and rounded to whole inputs. The class × concept rival of the pairwise reference.
 */
export function winRateHeatmap(heatmap: HeatmapCounts): HeatmapCounts {
  const { concepts, inputs } = heatmap;
  const rates = winRates(heatmap);
  const counts = new Uint32Array(concepts * concepts);
  for (let i = 0; i < concepts; i++)
    for (let j = 0; j < i; j++) {
      const share = 0.5 + ((rates[i] - rates[j]) * (concepts - 1)) / concepts;
      // Rounding one of the two keeps their sum at the number of inputs. No inputs: NaN becomes 0.
      const count = Math.round(inputs * Math.min(1, Math.max(0, share))) || 0;
      counts[i * concepts + j] = count;
      counts[j * concepts + i] = inputs - count;
    }
  return { concepts, inputs, counts };
}

/**
 * The rows that carry each class.
 *
 * @throws InvalidInputError when a class number is not in 0..classes-1 or the lengths differ
 */
export function rowsByClass(
  classOfInput: ArrayLike<number>,
  inputs: number,
  classes: number,
  rows?: ArrayLike<number>,
): Uint32Array[] {
  requireSize("classOfInput", classOfInput.length, inputs, "class numbers (one an input)");
  const members: number[][] = Array.from({ length: classes }, () => []);
  const count = rows?.length ?? inputs;
  for (let k = 0; k < count; k++) {
    const row = rows ? rows[k] : k;
    const label = classOfInput[row];
    if (members[label] === undefined)
      throw new InvalidInputError(
        `classOfInput[${row}]`,
        `is ${label}, not a class number`,
        `Use whole numbers from 0 to ${classes - 1}.`,
      );
    members[label].push(row);
  }
  return members.map((list) => Uint32Array.from(list));
}

function requireConcepts(concepts: number): void {
  if (!Number.isInteger(concepts) || concepts < MIN_CONCEPTS || concepts > MAX_CONCEPTS)
    throw new InvalidInputError(
      "concepts",
      `is ${concepts}`,
      `A heatmap needs ${MIN_CONCEPTS} to ${MAX_CONCEPTS} concepts.`,
    );
}

/** Throws InvalidInputError, naming the input, when a chosen row does not exist or holds NaN. */
export function requireCountable(strengths: Matrix, rows: ArrayLike<number>): void {
  const { columns, data } = strengths;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    if (!Number.isInteger(row) || row < 0 || row >= strengths.rows)
      throw new InvalidInputError(
        `rows[${k}]`,
        `is ${row}`,
        `Use row numbers from 0 to ${strengths.rows - 1}.`,
      );
    // A sum is NaN when a term is; it is also NaN for Infinity - Infinity, so a suspect row is searched.
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += data[i];
    if (Number.isNaN(sum))
      for (let i = 0; i < columns; i++)
        if (Number.isNaN(data[row * columns + i]))
          throw new InvalidInputError(
            `strengths, input ${row}`,
            `is not a number for concept ${i}`,
            "Remove the input or repair its embedding; strengths must be numbers.",
          );
  }
}
