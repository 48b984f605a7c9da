import { decodeBase64 } from "../base64.ts";
import { LINEAR_ALGEBRA_WASM } from "./linear-algebra-wasm.ts";

/** The exports of kernel/linear-algebra.ts; pointers are byte offsets into the memory. */
interface KernelExports {
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

/** The compiled kernels with their memory. */
export class LinearAlgebraKernel {
  readonly exports: KernelExports;
  readonly #memory = new WebAssembly.Memory({ initial: 1 });

  constructor() {
    const bytes = decodeBase64(LINEAR_ALGEBRA_WASM, "LINEAR_ALGEBRA_WASM") as Uint8Array<ArrayBuffer>;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory: this.#memory },
    });
    // The exports are those of the generated module, which TypeScript cannot see.
    this.exports = instance.exports as unknown as KernelExports;
  }

  /** Arrays of the given lengths in the kernel's memory, one after another, valid until the next call. */
  reserve(...lengths: number[]): Float64Array[] {
    const missing = 8 * lengths.reduce((sum, length) => sum + length, 0) - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65_536));
    let at = 0;
    return lengths.map((length) => {
      const array = new Float64Array(this.#memory.buffer, at, length);
      at += 8 * length;
      return array;
    });
  }
}

let shared: LinearAlgebraKernel | undefined | null;

/** One instance a thread, made when first needed; undefined where WebAssembly SIMD is missing or forbidden. */
export function linearAlgebraKernel(): LinearAlgebraKernel | undefined {
  if (shared === undefined) {
    try {
      shared = new LinearAlgebraKernel();
    } catch {
      shared = null;
    }
  }
  return shared ?? undefined;
}
