// Compiles src/specification/grammar.peggy into src/specification/grammar.ts.
// With an argument: writes there instead (the test compares it with the committed file).
import { readFile, writeFile } from "node:fs/promises";
import peggy from "peggy";

const folder = new URL("src/specification/", import.meta.url);
const source = await readFile(new URL("grammar.peggy", folder), "utf8");
const parser = peggy.generate(source, { output: "source", format: "es" });
await writeFile(process.argv[2] ?? new URL("grammar.ts", folder), `// @ts-nocheck: generated\n${parser}`);
