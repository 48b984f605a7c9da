import { compile } from "./compile.mjs";

await compile(
  "build:kernel",
  "predicates",
  "../src/kernel/kernel-wasm.ts",
  "KERNEL_WASM",
  "--enable simd --enable bulk-memory --initialMemory 1",
);
