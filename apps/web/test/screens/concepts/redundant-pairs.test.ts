import { describe, expect, it } from "vitest";
import { nearestConcepts, redundantPairs } from "../../../src/screens/concepts/redundant-pairs.ts";

const axis = ["a", "b", "c"];
const cosines = [1, 0.2, 0.9, 0.2, 1, -0.5, 0.9, -0.5, 1];

describe("redundantPairs", () => {
  it("names each pair once, the most alike first", () => {
    expect(redundantPairs(axis, cosines)).toEqual([
      { first: "a", second: "c", cosine: 0.9 },
      { first: "a", second: "b", cosine: 0.2 },
      { first: "b", second: "c", cosine: -0.5 },
    ]);
    expect(() => redundantPairs(axis, [1])).toThrow("cosines: 1 cells, expected 3 × 3");
  });
});

describe("nearestConcepts", () => {
  it("leaves the concept itself out", () => {
    expect(nearestConcepts(axis, cosines)).toEqual([
      { concept: "c", cosine: 0.9 },
      { concept: "a", cosine: 0.2 },
      { concept: "a", cosine: 0.9 },
    ]);
    expect(nearestConcepts(["a"], [1])).toEqual([null]);
  });
});
