// Compiles panel-products.ts to WebAssembly and writes it, as base64, to
// ../src/linear-algebra/panel-products-wasm.ts.
// With an argument: writes there instead (the test compares it with the committed file).
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const source = await readFile(new URL("panel-products.ts", import.meta.url), "utf8");
const target =
  process.argv[2] ?? fileURLToPath(new URL("../src/linear-algebra/panel-products-wasm.ts", import.meta.url));

let binary;
const { error, stderr } = await asc.main(
  "panel-products.ts --outFile panel-products.wasm --runtime stub --noAssert -O3 --enable simd --importMemory".split(
    " ",
  ),
  {
    readFile: (name) => (name === "panel-products.ts" ? source : null),
    writeFile: (name, contents) => {
      if (name === "panel-products.wasm") binary = contents;
    },
    listFiles: () => [],
  },
);
if (error) throw new Error(`${error.message}\n${stderr}`);
await writeFile(
  target,
  [
    "// Made by `npm run build:panel-products -w @faultline/core` from kernel/panel-products.ts; do not edit.",
    `export const PANEL_PRODUCTS_WASM =\n  "${Buffer.from(binary).toString("base64")}";`,
    "",
  ].join("\n"),
);
