// Compiles the AssemblyScript files of this folder to WebAssembly, each written as base64 in a TypeScript module:
// src/wasm/<kernel>/binary.ts, in the folder of the first argument where there is one (a test compares them with the
// committed files), else in this package.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Of each kernel, the compiler's options besides those that all have. */
const kernels = {
  predicates: "--enable bulk-memory --initialMemory 1",
  products: "--importMemory",
  bootstrap: "--enable bulk-memory --importMemory",
};

const target = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
for (const [name, options] of Object.entries(kernels)) {
  const path = join(target, "src/wasm", name, "binary.ts");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    [
      `// Made by \`npm run build:kernels -w @faultline/core\` from kernel/${name}.ts; do not edit.`,
      `export const WASM =\n  "${Buffer.from(await compile(name, options)).toString("base64")}";`,
      "",
    ].join("\n"),
  );
}

/** @returns the bytes of the WebAssembly module */
async function compile(name, options) {
  const source = await readFile(new URL(`${name}.ts`, import.meta.url), "utf8");
  let binary;
  const { error, stderr } = await asc.main(
    `${name}.ts --outFile ${name}.wasm --runtime stub --noAssert -O3 --enable simd ${options}`.split(" "),
    {
      readFile: (file) => (file === `${name}.ts` ? source : null),
      writeFile: (file, contents) => {
        if (file === `${name}.wasm`) binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return binary;
}
