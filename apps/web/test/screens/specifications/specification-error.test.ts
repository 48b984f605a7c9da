import { parseSpecification, SpecificationSyntaxError } from "@faultline/core";
import { describe, expect, it } from "vitest";
import { errorPlace } from "../../../src/screens/specifications/specification-error.ts";

function positionOf(text: string): { line: number; column: number } {
  try {
    parseSpecification(text);
  } catch (error) {
    if (error instanceof SpecificationSyntaxError) return error.position;
  }
  throw new Error("expected a syntax error");
}

describe("errorPlace", () => {
  it("finds the place that the parser names", () => {
    const text = "predicted(truck)\n=> strength(wheels > 1";
    expect(errorPlace(positionOf(text), text)).toEqual({
      line: 2,
      column: 20,
      before: "=> strength(wheels ",
      at: ">",
      after: " 1",
    });
  });

  it("points behind the text when its end comes too early", () => {
    const text = "predicted(truck) =>";
    expect(errorPlace(positionOf(text), text)).toMatchObject({ before: text, at: "", after: "" });
  });

  it("is null for a line that the text does not have", () => {
    expect(errorPlace({ line: 9, column: 1 }, "x")).toBeNull();
  });
});
