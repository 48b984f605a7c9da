// `npm run test:fuzz`: seeded fuzzing of every parser, of models, specifications and GraphQL operations, as `npm test` does
// it. Longer, or of some targets: `npm run test:fuzz -- --cases 1000000 --seed 7 --only npy,zip`.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { prepare, root } from "./prepare.mjs";

const { values } = parseArgs({
  options: { cases: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
for (const name of ["cases", "seed"])
  if (values[name] !== undefined && !/^\d+$/.test(values[name])) {
    process.stderr.write(`npm run test:fuzz: --${name} is a whole number\n`);
    process.exit(2);
  }
prepare();
const { status } = spawnSync("npx", ["vitest", "run", "test/fuzz"], {
  cwd: root,
  stdio: "inherit",
  env: {
    ...process.env,
    ...(values.cases && { FUZZ_CASES: values.cases }),
    ...(values.seed && { FUZZ_SEED: values.seed }),
    ...(values.only && { FUZZ_ONLY: values.only }),
  },
});
process.exit(status ?? 1);
