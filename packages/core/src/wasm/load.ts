// WebAssembly is typed by the DOM library alone; Node has it too.
/// <reference lib="dom" />

import { decodeBase64 } from "../base64.ts";

/** An instance of a module of kernel/: its functions take byte offsets into its memory, which the caller lays out. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
}

/**
 * Makes instances of one module, each with memory of its own; undefined where WebAssembly SIMD is missing or forbidden.
 * The module is compiled once, when the first instance is asked for.
 *
 * @param wasm the module as base64, which exports what `Exports` says
 */
export function kernelLoader<Exports extends Kernel>(wasm: string): () => Exports | undefined {
  let compiled: WebAssembly.Module | null | undefined;
  return () => {
    if (compiled === undefined) compiled = compile(wasm);
    if (!compiled) return undefined;
    const instance = new WebAssembly.Instance(compiled, { env: importedMemory });
    // What the generated module exports, TypeScript cannot see.
    return instance.exports as unknown as Exports;
  };
}

/** Read by an instance whose module imports its memory; the others bring theirs. */
const importedMemory = {
  get memory() {
    return new WebAssembly.Memory({ initial: 1 });
  },
};

function compile(wasm: string): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(decodeBase64(wasm, "wasm"));
  } catch {
    return null;
  }
}

/** Grows the kernel's memory to at least `bytes`. Throws RangeError when the machine has no more. */
export function reserve({ memory }: Kernel, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
}
