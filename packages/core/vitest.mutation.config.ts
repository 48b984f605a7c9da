import { defineConfig } from "vitest/config";

// What `npx stryker run` (in this folder) runs: the quick tests of the mutated files. Tests that repeat something
// hundreds of times, or that measure time and memory, would take hours and say nothing about a mutant.
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
    testNamePattern: /^(?!.*(200 random splits|is fast at|need no more memory|finds about nothing))/,
  },
});
