import type { Matrix } from "../../matrix.ts";
import { reserve } from "../load.ts";
import { type PredicatesKernel, predicatesKernel, sortScratchBytes } from "./kernel.ts";
import { addJointPairCountsReference, addPairCountsReference } from "./pair-counts-reference.ts";

/** Up to this many comparisons, copying into the kernel costs more than it saves. */
const SMALL_WORK = 1 << 15;
/** Ranks of a block of inputs should stay in a core's second-level cache. */
const BLOCK_BYTES = 1 << 18;
/** Eight bits hold the dense ranks of up to 256 concepts. */
const NARROW_CONCEPTS = 256;
/** A kernel that grew beyond this is not kept for the next call. */
const KEPT_BYTES = 1 << 26;

let kept: PredicatesKernel | undefined;

/**
 * Adds to `counts[i * C + j]` the number of the given rows with strength i > strength j, exactly as
 * `addPairCountsReference` does. NaN must have been rejected before.
 *
 * Each input's strengths become dense ranks of one byte (C <= 256) or two, laid out by concept, so that one
 * SIMD instruction compares a pair of concepts on 16 or 8 inputs; only pairs i < j are compared, since
 * (j, i) follows from the number of inputs and the ties.
 */
export function addPairCounts(
  strengths: Matrix,
  rows: ArrayLike<number>,
  counts: Uint32Array<ArrayBufferLike>,
): void {
  const concepts = strengths.columns;
  const kernel = rows.length * concepts * concepts > SMALL_WORK ? takeKernel() : undefined;
  if (!kernel) {
    addPairCountsReference(strengths, rows, counts);
    return;
  }
  const layout = new Layout(kernel, concepts, concepts > NARROW_CONCEPTS, 1);
  for (let start = 0; start < rows.length; start += layout.block) {
    const inputs = Math.min(layout.block, rows.length - start);
    layout.rank(strengths, rows, start, inputs, layout.ranks, layout.counts);
    const count = layout.wide ? kernel.countWide : kernel.countNarrow;
    count(layout.ranks, layout.stride(inputs), layout.paddedConcepts, layout.counts, layout.paddedConcepts);
  }
  kernel.finishCounts(layout.counts, layout.paddedConcepts, concepts, rows.length);
  layout.addTo(counts);
  giveBack(kernel);
}

/**
 * Adds to `counts[i * C + j]` the number of the given rows with i > j in both matrices (equal shapes),
 * exactly as `addJointPairCountsReference` does.
 */
export function addJointPairCounts(
  first: Matrix,
  second: Matrix,
  rows: ArrayLike<number>,
  counts: Uint32Array<ArrayBufferLike>,
): void {
  const concepts = first.columns;
  const kernel = rows.length * concepts * concepts > SMALL_WORK ? takeKernel() : undefined;
  if (!kernel) {
    addJointPairCountsReference(first, second, rows, counts);
    return;
  }
  const layout = new Layout(kernel, concepts, true, 2);
  const secondRanks = layout.ranks + layout.rankBytes;
  for (let start = 0; start < rows.length; start += layout.block) {
    const inputs = Math.min(layout.block, rows.length - start);
    layout.rank(first, rows, start, inputs, layout.ranks, layout.ties);
    layout.rank(second, rows, start, inputs, secondRanks, layout.ties);
    kernel.countJoint(
      layout.ranks,
      secondRanks,
      layout.stride(inputs),
      layout.paddedConcepts,
      layout.counts,
      layout.paddedConcepts,
    );
  }
  layout.addTo(counts);
  giveBack(kernel);
}

/** Where things lie in the kernel's memory during one count; counts are zero to begin with. */
class Layout {
  readonly kernel: PredicatesKernel;
  readonly concepts: number;
  /** Rows and columns of the kernel's counts: the register tile is four concepts wide. */
  readonly paddedConcepts: number;
  readonly wide: boolean;
  /** Inputs ranked and counted at a time. */
  readonly block: number;
  /** Bytes of one matrix of ranks. */
  readonly rankBytes: number;
  readonly counts: number;
  /** Counts that nobody reads: where tie counts go that are not wanted. */
  readonly ties: number;
  readonly ranks: number;
  readonly #strengths: number;

  constructor(kernel: PredicatesKernel, concepts: number, wide: boolean, matrices: 1 | 2) {
    this.kernel = kernel;
    this.concepts = concepts;
    this.wide = wide;
    this.paddedConcepts = Math.ceil(concepts / 4) * 4;
    const width = wide ? 2 : 1;
    // At most 4,080 inputs: 255 steps of 16 lanes are what a one-byte counter can count.
    const fitting = Math.floor(BLOCK_BYTES / (this.paddedConcepts * width * 16)) * 16;
    this.block = Math.min(4080, Math.max(wide ? 128 : 256, fitting));
    this.rankBytes = this.paddedConcepts * this.block * width;
    const countBytes = 4 * this.paddedConcepts * this.paddedConcepts;
    this.counts = align(sortScratchBytes(concepts));
    this.ties = this.counts + countBytes;
    this.ranks = align(this.ties + (matrices === 2 ? countBytes : 0));
    this.#strengths = align(this.ranks + matrices * this.rankBytes);
    reserve(kernel, this.#strengths + 4 * concepts * this.block);
    new Uint8Array(kernel.memory.buffer, this.counts, this.#strengths - this.counts).fill(0);
  }

  /** Length of a concept's row of ranks for so many inputs: whole registers. */
  stride(inputs: number): number {
    return Math.ceil(inputs / 16) * 16;
  }

  /** Ranks `rows[start .. start + inputs]` into `ranks`, adding their ties to `counts`. */
  rank(
    strengths: Matrix,
    rows: ArrayLike<number>,
    start: number,
    inputs: number,
    ranks: number,
    counts: number,
  ): void {
    const { kernel, concepts } = this;
    const stride = this.stride(inputs);
    const target = new Float32Array(kernel.memory.buffer, this.#strengths, concepts * inputs);
    for (let k = 0; k < inputs; k++) {
      const from = rows[start + k] * concepts;
      target.set(strengths.data.subarray(from, from + concepts), k * concepts);
    }
    // Unused lanes must compare as equal; only the last block has any.
    if (stride !== inputs) new Uint8Array(kernel.memory.buffer, ranks, this.rankBytes).fill(0);
    const bias = this.wide ? 0 : 128;
    kernel.rankInputs(
      this.#strengths,
      inputs,
      concepts,
      ranks,
      stride,
      this.wide ? 1 : 0,
      bias,
      counts,
      this.paddedConcepts,
      0,
    );
  }

  /** Adds the kernel's counts to `counts`. */
  addTo(counts: Uint32Array<ArrayBufferLike>): void {
    const { concepts, paddedConcepts } = this;
    const found = new Uint32Array(this.kernel.memory.buffer, this.counts, paddedConcepts * paddedConcepts);
    for (let i = 0; i < concepts; i++)
      for (let j = 0; j < concepts; j++) counts[i * concepts + j] += found[i * paddedConcepts + j];
  }
}

/** The next offset on a 16-byte boundary. */
function align(offset: number): number {
  return Math.ceil(offset / 16) * 16;
}

function takeKernel(): PredicatesKernel | undefined {
  const kernel = kept ?? predicatesKernel();
  kept = undefined;
  return kernel;
}

function giveBack(kernel: PredicatesKernel): void {
  if (kernel.memory.buffer.byteLength <= KEPT_BYTES) kept = kernel;
}
