import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

// `npm run test:hostile`: one file after another, since each measures what its requests do to the whole process.
const config = mergeConfig(
  base,
  defineConfig({
    test: {
      root: fileURLToPath(new URL("../..", import.meta.url)),
      include: ["test/hostile/**/*.test.ts"],
      globalSetup: ["test/postgres-setup.ts"],
      fileParallelism: false,
    },
  }),
);
config.test.projects = undefined;

export default config;
