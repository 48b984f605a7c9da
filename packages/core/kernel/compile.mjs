// Compiles an AssemblyScript file of this folder to WebAssembly, written as base64 in a TypeScript module.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/**
 * @param {string} script the npm script that does so
 * @param {string} name of the source, without `.ts`
 * @param {string} module the TypeScript module, relative to this folder; the script's first argument is written
 *   instead where there is one (tests compare it with the committed file)
 * @param {string} constant what the module exports
 * @param {string} options of the compiler, besides those that all kernels have
 */
export async function compile(script, name, module, constant, options) {
  const source = await readFile(new URL(`${name}.ts`, import.meta.url), "utf8");
  let binary;
  const { error, stderr } = await asc.main(
    `${name}.ts --outFile ${name}.wasm --runtime stub --noAssert -O3 ${options}`.split(" "),
    {
      readFile: (file) => (file === `${name}.ts` ? source : null),
      writeFile: (file, contents) => {
        if (file === `${name}.wasm`) binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  await writeFile(
    process.argv[2] ?? fileURLToPath(new URL(module, import.meta.url)),
    [
      `// Made by \`npm run ${script} -w @faultline/core\` from kernel/${name}.ts; do not edit.`,
      `export const ${constant} =\n  "${Buffer.from(binary).toString("base64")}";`,
      "",
    ].join("\n"),
  );
}
