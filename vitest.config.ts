import { defineConfig } from "vitest/config";

const conditions = ["faultline-source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "demo/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/*.spec.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    coverage: { provider: "v8", include: ["packages/core/src/**"], reporter: ["text", "json-summary"] },
  },
});
