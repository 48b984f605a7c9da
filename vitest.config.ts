import { createRequire } from "node:module";
import { defineConfig } from "vitest/config";

// Vitest hands these on to Node, for require() too: "import" or "module" here would break CommonJS packages.
const conditions = ["faultline-source", "node"];

// Vite would take graphql's ES modules, Node takes its CommonJS for Apollo: two copies, which refuse each other.
export default defineConfig({
  resolve: { conditions, alias: { graphql: createRequire(import.meta.url).resolve("graphql") } },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          // Functions alone: a process serves many files, since starting one takes longer than most of them.
          name: "functions",
          include: ["packages/core/test/**/*.test.ts", "apps/{web,cli}/test/**/*.test.ts"],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: [
            "packages/{db,inference}/test/**/*.test.ts",
            "apps/{api,worker}/test/**/*.test.ts",
            "demo/test/**/*.test.ts",
            "test/**/*.test.ts",
          ],
          // What measures a whole process has a stage of its own: test/hostile/vitest.config.ts.
          exclude: ["**/node_modules/**", "test/hostile/**"],
          globalSetup: ["test/postgres-setup.ts"],
        },
      },
    ],
    // By default one core is left alone, half of a small machine; many of these tests wait for other processes.
    maxWorkers: "100%",
    // Of what hangs. A machine that is busy with the other half of the tests takes its time.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    coverage: {
      provider: "v8",
      include: ["packages/core/src/**/*.ts"],
      // Generated: the parser of specifications, and WebAssembly as base64.
      exclude: ["**/specification/grammar.ts", "**/*-wasm.ts"],
      reporter: ["text", "json-summary"],
    },
  },
});
