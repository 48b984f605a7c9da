// Compiles kernel/predicates.ts to WebAssembly and writes it, as base64, to src/kernel/kernel-wasm.ts.
// With an argument: writes there instead (the test compares it with the committed file).
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const source = await readFile(new URL("predicates.ts", import.meta.url), "utf8");
const target = process.argv[2] ?? fileURLToPath(new URL("../src/kernel/kernel-wasm.ts", import.meta.url));

let binary;
const { error, stderr } = await asc.main(
  "predicates.ts --outFile kernel.wasm --runtime stub --noAssert -O3 --enable simd --enable bulk-memory --initialMemory 1".split(
    " ",
  ),
  {
    readFile: (name) => (name === "predicates.ts" ? source : null),
    writeFile: (name, contents) => {
      if (name === "kernel.wasm") binary = contents;
    },
    listFiles: () => [],
  },
);
if (error) throw new Error(`${error.message}\n${stderr}`);
await writeFile(
  target,
  [
    "// Made by `npm run build:kernel -w @faultline/core` from kernel/predicates.ts; do not edit.",
    `export const KERNEL_WASM =\n  "${Buffer.from(binary).toString("base64")}";`,
    "",
  ].join("\n"),
);
