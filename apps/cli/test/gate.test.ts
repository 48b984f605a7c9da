import { describe, expect, it } from "vitest";
import { passes } from "../src/commands/gate.ts";

const check = { name: "accuracy", limit: 0.9, bound: "minimum" } as const;

describe("passes", () => {
  it("holds at the limit itself", () => {
    expect(passes({ ...check, actual: 0.9 })).toBe(true);
    expect(passes({ ...check, bound: "maximum", actual: 0.9 })).toBe(true);
  });

  it("fails on the wrong side of the limit", () => {
    expect(passes({ ...check, actual: 0.8999 })).toBe(false);
    expect(passes({ ...check, bound: "maximum", actual: 0.9001 })).toBe(false);
  });

  it("fails closed where the run has no such number", () => {
    expect(passes({ ...check, actual: null })).toBe(false);
    expect(passes({ ...check, bound: "maximum", actual: Number.NaN })).toBe(false);
  });
});
