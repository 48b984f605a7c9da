import { type Kernel, kernelLoader } from "../load.ts";
import { WASM } from "./binary.ts";

/** The exports of kernel/predicates.ts. */
export interface PredicatesKernel extends Kernel {
  rankInputs(
    strengths: number,
    inputs: number,
    concepts: number,
    ranks: number,
    stride: number,
    wide: number,
    bias: number,
    counts: number,
    countStride: number,
    scratch: number,
  ): void;
  countNarrow(ranks: number, stride: number, concepts: number, counts: number, countStride: number): void;
  countWide(ranks: number, stride: number, concepts: number, counts: number, countStride: number): void;
  countJoint(
    first: number,
    second: number,
    stride: number,
    concepts: number,
    counts: number,
    countStride: number,
  ): void;
  finishCounts(counts: number, countStride: number, concepts: number, inputs: number): void;
  sumTrueCells(strengths: number, concepts: number, weights: number, sums: number, scratch: number): number;
}

/** A kernel of its own for every caller; undefined where WebAssembly SIMD is missing or forbidden. */
export const predicatesKernel = kernelLoader<PredicatesKernel>(WASM);

/** Bytes of scratch that the kernel's sort needs. */
export function sortScratchBytes(concepts: number): number {
  return 16 * concepts + 4096;
}
