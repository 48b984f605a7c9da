import { compile } from "./compile.mjs";

await compile(
  "build:bootstrap",
  "bootstrap",
  "../src/bootstrap/bootstrap-wasm.ts",
  "BOOTSTRAP_WASM",
  "--enable simd --enable bulk-memory --importMemory",
);
