import { describe, expect, it } from "vitest";
import { countHeatmap, matrix } from "../src/index.ts";

describe("countHeatmap", () => {
  it("counts strict wins; ties and -0 count for neither", () => {
    const heatmap = countHeatmap(matrix(2, 3, Float32Array.of(1, 2, 2, 0, -0, -1)));
    expect(heatmap).toEqual({ concepts: 3, inputs: 2, counts: Uint32Array.of(0, 0, 1, 1, 0, 1, 1, 0, 0) });
  });
});
