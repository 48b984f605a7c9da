// npm run bench [name] [-- --json FILE] [--FLAG]: one bench of bench/, or all of them one after another. Other flags
// are handed to the benches. With several, FILE gets the bench's name before its extension: results.json -> results.core.json.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const BENCHES = ["core", "alignment", "ablation", "pipeline", "scaling", "api", "dashboard"];
/** What the method's own numerics take, asked for by one name. */
const GROUPS = { core: ["core", "alignment"] };
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fileOf = (name) => join(root, "bench", `${name}.ts`);
const available = BENCHES.filter((name) => existsSync(fileOf(name)));

const { values, positionals } = parseArgs({
  options: { json: { type: "string" } },
  allowPositionals: true,
  strict: false,
});
const flags = Object.keys(values).filter((name) => name !== "json");
const unknown = positionals.find((name) => !available.includes(name));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}". There are: ${available.join(", ")}.`);
  process.exit(2);
}
const chosen =
  positionals.length > 0
    ? positionals.flatMap((name) => GROUPS[name] ?? [name]).filter((name) => available.includes(name))
    : available;
let failed = 0;
for (const name of chosen) {
  const args = ["--conditions=faultline-source", "--import", "tsx", fileOf(name)];
  args.push(...flags.map((flag) => `--${flag}`));
  if (values.json !== undefined) {
    const extension = extname(values.json);
    const stem = values.json.slice(0, values.json.length - extension.length);
    args.push("--json", chosen.length > 1 ? `${stem}.${name}${extension}` : values.json);
  }
  // Some benches run ONNX Runtime in their own process, where it would report to its makers.
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: "1" };
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", env });
  if (status !== 0) {
    failed++;
    console.error(`bench ${name} failed (exit ${status})`);
  }
}
process.exit(failed > 0 ? 1 : 0);
