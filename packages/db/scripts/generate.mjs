// Generates the Prisma client and the Pothos types into src/generated (git-ignored), offline.
// Does nothing when they are newer than the schema; pass --force to generate anyway.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import lockfile from "proper-lockfile";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const schema = path.join(root, "prisma/schema.prisma");
const require = createRequire(import.meta.url);
const prismaPackage = require.resolve("prisma/package.json");

function isFresh() {
  const newestSource = Math.max(statSync(schema).mtimeMs, statSync(prismaPackage).mtimeMs);
  return ["client.ts", "pothos-types.ts"]
    .map((file) => path.join(root, "packages/db/src/generated", file))
    .every((file) => existsSync(file) && statSync(file).mtimeMs >= newestSource);
}

function generate() {
  // `prisma generate` never runs the schema engine but tries to download it where it is absent,
  // which fails offline; a variable that names any existing file stops that.
  const engines = path.dirname(require.resolve("@prisma/engines/package.json", { paths: [prismaPackage] }));
  const hasEngine = readdirSync(engines).some((file) => file.startsWith("schema-engine-"));
  // Prisma starts the Pothos generator by name.
  const binaries = path.join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ""}` };
  // Prisma would report to its makers.
  env.CHECKPOINT_DISABLE = "1";
  if (!hasEngine) env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
  const prisma = path.join(path.dirname(prismaPackage), "build/index.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, "generate"], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  if (status !== 0) {
    process.stderr.write(stdout + stderr);
    process.exitCode = status ?? 1;
  }
}

const force = process.argv.includes("--force");
if (force || !isFresh()) {
  // Tests, type checks and the demo may all find the client out of date at the same moment.
  const release = await lockfile.lock(schema, {
    stale: 60_000,
    retries: { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    if (force || !isFresh()) generate();
  } finally {
    await release();
  }
}
