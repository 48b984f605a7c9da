import { describe, expect, it } from "vitest";
import { winRateChanges } from "../../../src/screens/compare/win-rate-changes.ts";

describe("winRateChanges", () => {
  it("matches classes and concepts by name, largest change first, without cells that one lacks", () => {
    const before = { classes: ["car", "frog"], axis: ["wheels", "wet"], values: [0.9, 0.2, 0.1, null] };
    const after = {
      classes: ["frog", "car"],
      axis: ["wet", "wheels", "round"],
      values: [0.8, 0.3, 0.5, 0.25, 0.4, 0.5],
    };
    expect(winRateChanges(before, after, 10)).toEqual([
      { class: "car", concept: "wheels", before: 0.9, after: 0.4 },
      { class: "frog", concept: "wheels", before: 0.1, after: 0.3 },
      { class: "car", concept: "wet", before: 0.2, after: 0.25 },
    ]);
    expect(winRateChanges(before, after, 1)).toHaveLength(1);
  });
});
