import { type Kernel, kernelLoader, reserve } from "../load.ts";
import { WASM } from "./binary.ts";

/** The exports of kernel/products.ts. */
export interface ProductsKernel extends Kernel {
  addPanelProducts(
    a: number,
    aPanels: number,
    b: number,
    bPanels: number,
    depth: number,
    c: number,
    upperTriangle: boolean,
  ): void;
  largestOfRows(
    tiles: number,
    rows: number,
    panels: number,
    columns: number,
    rank: number,
    heap: number,
    out: number,
  ): void;
  symmetricEigen(n: number, a: number, z: number, d: number, e: number): number;
}

const instantiate = kernelLoader<ProductsKernel>(WASM);
let shared: ProductsKernel | undefined;

/** One instance a thread, made when first needed; undefined where WebAssembly SIMD is missing or forbidden. */
export function productsKernel(): ProductsKernel | undefined {
  shared ??= instantiate();
  return shared;
}

/** Arrays of the given lengths in the kernel's memory, one after another, valid until the next call. */
export function reserveArrays(kernel: ProductsKernel, ...lengths: number[]): Float64Array[] {
  reserve(kernel, 8 * lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  return lengths.map((length) => {
    const array = new Float64Array(kernel.memory.buffer, at, length);
    at += 8 * length;
    return array;
  });
}
