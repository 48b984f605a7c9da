// Compiles linear-algebra.ts to WebAssembly and writes it, as base64, to
// ../src/linear-algebra/linear-algebra-wasm.ts.
// With an argument: writes there instead (the test compares it with the committed file).
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const source = await readFile(new URL("linear-algebra.ts", import.meta.url), "utf8");
const target =
  process.argv[2] ?? fileURLToPath(new URL("../src/linear-algebra/linear-algebra-wasm.ts", import.meta.url));

let binary;
const { error, stderr } = await asc.main(
  "linear-algebra.ts --outFile linear-algebra.wasm --runtime stub --noAssert -O3 --enable simd --importMemory".split(
    " ",
  ),
  {
    readFile: (name) => (name === "linear-algebra.ts" ? source : null),
    writeFile: (name, contents) => {
      if (name === "linear-algebra.wasm") binary = contents;
    },
    listFiles: () => [],
  },
);
if (error) throw new Error(`${error.message}\n${stderr}`);
await writeFile(
  target,
  [
    "// Made by `npm run build:linear-algebra -w @faultline/core` from kernel/linear-algebra.ts; do not edit.",
    `export const LINEAR_ALGEBRA_WASM =\n  "${Buffer.from(binary).toString("base64")}";`,
    "",
  ].join("\n"),
);
