import { compile } from "./compile.mjs";

await compile(
  "build:linear-algebra",
  "linear-algebra",
  "../src/linear-algebra/linear-algebra-wasm.ts",
  "LINEAR_ALGEBRA_WASM",
  "--enable simd --importMemory",
);
