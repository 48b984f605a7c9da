import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

// `npm run test:hostile`: one file after another, since each measures what its requests do to the whole process.
const config = mergeConfig(
  base,
  defineConfig({
    test: {
      root: fileURLToPath(new URL("../..", import.meta.url)),
      fileParallelism: false,
    },
  }),
);
config.test.include = ["test/hostile/**/*.test.ts"];
config.test.exclude = ["**/node_modules/**"];

export default config;
