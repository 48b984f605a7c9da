import { type Kernel, kernelLoader } from "../load.ts";
import { WASM } from "./binary.ts";

/** The exports of kernel/bootstrap.ts. */
export interface BootstrapKernel extends Kernel {
  drawReplicate(n: number, state: number, defects: number, counts: number): number;
  sweepRanking(n: number, ranks: number, counts: number, state: number, summed: number): void;
}

/** A kernel of its own for every caller; undefined where WebAssembly SIMD is missing or forbidden. */
export const bootstrapKernel = kernelLoader<BootstrapKernel>(WASM);
