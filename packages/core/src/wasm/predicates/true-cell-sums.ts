import { reserve } from "../load.ts";
import { type PredicatesKernel, predicatesKernel, sortScratchBytes } from "./kernel.ts";
import { sumTrueCellsReference } from "./true-cell-sums-reference.ts";

/**
 * `sumTrueCellsReference` for one input after another against weights that stay in the kernel's memory: the
 * same bits, without allocation. Where WebAssembly SIMD is missing the reference itself runs.
 */
export class TrueCellSums {
  /** C pairs (correct, incorrect), made by `sum`; `hold` may replace the array. */
  sums: Float64Array;
  readonly #concepts: number;
  readonly #kernel: PredicatesKernel | null;
  /** Byte offsets in the kernel: sums at 0, then strengths, the sort's scratch, and the weights. */
  readonly #strengthsAt: number;
  readonly #scratchAt: number;
  readonly #weightsAt: number;
  readonly #weights: Float64Array[] = [];
  #strengths: Float32Array;

  /** @param kernel null runs the reference */
  constructor(concepts: number, kernel: PredicatesKernel | null = predicatesKernel() ?? null) {
    this.#concepts = concepts;
    this.#kernel = kernel;
    this.#strengthsAt = 16 * concepts;
    this.#scratchAt = this.#strengthsAt + Math.ceil(concepts / 4) * 16;
    this.#weightsAt = this.#scratchAt + sortScratchBytes(concepts);
    this.sums = new Float64Array(2 * concepts);
    this.#strengths = new Float32Array(concepts);
  }

  /** Bytes that one held matrix of weights takes. */
  static weightBytes(concepts: number): number {
    return 16 * concepts * concepts;
  }

  /** Keeps `weights` (C×C pairs, interleaved) in place `slot` for {@link sum}; slots are filled from 0 on. */
  hold(slot: number, weights: Float64Array): void {
    if (!this.#kernel) {
      this.#weights[slot] = weights;
      return;
    }
    const at = this.#weightsAt + slot * TrueCellSums.weightBytes(this.#concepts);
    reserve(this.#kernel, at + weights.byteLength);
    const { buffer } = this.#kernel.memory;
    new Float64Array(buffer, at, weights.length).set(weights);
    this.sums = new Float64Array(buffer, 0, 2 * this.#concepts);
    this.#strengths = new Float32Array(buffer, this.#strengthsAt, this.#concepts);
  }

  /** Fills `sums` for an input of C strengths (no NaN) and returns the number of true cells. */
  sum(strengths: Float32Array, slot: number): number {
    if (!this.#kernel) return sumTrueCellsReference(strengths, this.#weights[slot], this.sums);
    this.#strengths.set(strengths);
    const weights = this.#weightsAt + slot * TrueCellSums.weightBytes(this.#concepts);
    return this.#kernel.sumTrueCells(this.#strengthsAt, this.#concepts, weights, 0, this.#scratchAt);
  }
}
