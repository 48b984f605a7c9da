import { describe, expect, it } from "vitest";
import { decimal, percent, table } from "../src/table.ts";

describe("table", () => {
  it("aligns words left and numbers right, under a rule", () => {
    expect(
      table(
        ["version", "accuracy"],
        [
          ["v1.0", "93.1 %"],
          ["v1.1-long", "8.0 %"],
        ],
      ),
    ).toBe(
      ["version    accuracy", "─────────  ────────", "v1.0         93.1 %", "v1.1-long     8.0 %"].join("\n"),
    );
  });
});

describe("percent and decimal", () => {
  it("show an en dash where there is no number", () => {
    expect(percent(null)).toBe("–");
    expect(decimal(undefined)).toBe("–");
  });

  it("round to one and three decimals", () => {
    expect(percent(0.12345)).toBe("12.3 %");
    expect(decimal(0.98765)).toBe("0.988");
  });
});
