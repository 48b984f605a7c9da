import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { bootstrapMetrics, detectionMetrics, random, ranking } from "../../../src/index.ts";
import { bootstrapReplicates, plainReplicates } from "../../../src/wasm/bootstrap/replicates.ts";

/** @param levels how many distinct scores */
function rankingsOf(inputs: number, levels: number, seed: number) {
  const uniform = random(seed);
  const defects = Uint8Array.from({ length: inputs }, () => (uniform() < 0.2 ? 1 : 0));
  return [1, 2, 3].map(() =>
    ranking(
      Array.from(defects, (defect) => Math.round((uniform() + defect / 4) * levels)),
      defects,
    ),
  );
}

describe("bootstrap replicates", () => {
  it("by the kernel are those of plain JavaScript, to the bit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(1, 3, 20, 1e9),
        fc.integer(),
        (inputs, levels, seed) => {
          const rankings = rankingsOf(inputs, levels, seed);
          const kernel = bootstrapReplicates(rankings, seed);
          const plain = plainReplicates(rankings, seed);
          for (let draw = 0; draw < 3; draw++) {
            const positives = plain.draw();
            expect(kernel.draw()).toEqual(positives);
            // Object.is, which `toStrictEqual` asks, tells every two numbers but for NaNs apart.
            for (const i of rankings.keys())
              expect(kernel.sweep(i, positives)).toStrictEqual(plain.sweep(i, positives));
          }
        },
      ),
    );
  });

  it("give the metrics of the inputs that the seed draws", () => {
    const [ranked] = rankingsOf(200, 1e9, 5);
    const uniform = random(8);
    const weights = new Int32Array(200);
    for (let k = 0; k < 200; k++) weights[Math.floor(uniform() * 200)]++;
    const { auroc } = detectionMetrics(ranked, weights);
    const [interval] = bootstrapMetrics([ranked], { seed: 8, replicates: 1 });
    expect(interval.auroc).toMatchObject({ low: auroc, high: auroc });
  });

  it("are the same without WebAssembly", async () => {
    const rankings = rankingsOf(500, 50, 2);
    const expected = bootstrapMetrics(rankings, { seed: 3, replicates: 50 });
    vi.stubGlobal("WebAssembly", undefined);
    vi.resetModules();
    try {
      const fresh = await import("../../../src/metrics.ts");
      expect(fresh.bootstrapMetrics(rankings, { seed: 3, replicates: 50 })).toEqual(expected);
    } finally {
      vi.unstubAllGlobals();
      vi.resetModules();
    }
  });

  it("need rankings of the same inputs", () => {
    const options = { seed: 1, replicates: 10 };
    expect(() => bootstrapMetrics([ranking([1, 2], [0, 1]), ranking([1, 2], [1, 0])], options)).toThrow(
      "other defects",
    );
  });
});
