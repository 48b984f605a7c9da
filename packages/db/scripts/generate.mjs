// Generates the Prisma client and the Pothos types into src/generated (git-ignored), offline.
// Does nothing when they are newer than the schema; pass --force to generate anyway.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const schema = path.join(root, "prisma/schema.prisma");
const generated = ["client.ts", "pothos-types.ts"].map((file) =>
  path.join(root, "packages/db/src/generated", file),
);

const require = createRequire(import.meta.url);
const prismaPackage = require.resolve("prisma/package.json");
const newestSource = Math.max(statSync(schema).mtimeMs, statSync(prismaPackage).mtimeMs);
const fresh = generated.every((file) => existsSync(file) && statSync(file).mtimeMs >= newestSource);

if (!fresh || process.argv.includes("--force")) {
  // `prisma generate` never runs the schema engine but tries to download it where it is absent,
  // which fails offline; a variable that names any existing file stops that.
  const engines = path.dirname(require.resolve("@prisma/engines/package.json", { paths: [prismaPackage] }));
  const hasEngine = readdirSync(engines).some((file) => file.startsWith("schema-engine-"));
  // Prisma starts the Pothos generator by name.
  const binaries = path.join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ""}` };
  if (!hasEngine) env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
  const prisma = path.join(path.dirname(prismaPackage), "build/index.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, "generate"], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  if (status !== 0) {
    process.stderr.write(stdout + stderr);
    process.exit(status ?? 1);
  }
}
