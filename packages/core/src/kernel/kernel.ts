// WebAssembly is typed by the DOM library alone; Node has it too.
/// <reference lib="dom" />

import { decodeBase64 } from "../base64.ts";
import { KERNEL_WASM } from "./kernel-wasm.ts";

/** The exports of kernel/predicates.ts; pointers are byte offsets into `memory`. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
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

/** Bytes of scratch that the kernel's sort needs. */
export function sortScratchBytes(concepts: number): number {
  return 16 * concepts + 4096;
}

let compiled: WebAssembly.Module | null | undefined;

/** A kernel with memory of its own, or undefined where WebAssembly SIMD is missing or forbidden. */
export function instantiateKernel(): Kernel | undefined {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(decodeBase64(KERNEL_WASM, "KERNEL_WASM"));
    } catch {
      compiled = null;
    }
  }
  // The exports are those of the generated module, which TypeScript cannot see.
  return compiled ? (new WebAssembly.Instance(compiled).exports as unknown as Kernel) : undefined;
}

/** Grows the kernel's memory to at least `bytes`. Throws RangeError when the machine has no more. */
export function reserve(kernel: Kernel, bytes: number): void {
  const missing = bytes - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / 65536));
}
