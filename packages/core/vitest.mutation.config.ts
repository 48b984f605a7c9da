import { defineConfig } from "vitest/config";

// What `npx stryker run` (in this folder) runs: the quick tests of the mutated files. The 200 splits of the
// conformal guarantee and the rebuilding of the kernel would take hours.
export default defineConfig({
  resolve: { conditions: ["faultline-source", "node", "import", "module", "default"] },
  test: {
    include: [
      "test/heatmap.test.ts",
      "test/statistics.test.ts",
      "test/differential.test.ts",
      "test/detector.test.ts",
      "test/detector/*.test.ts",
    ],
    testNamePattern: /^(?!.*200 random splits)/,
  },
});
