import { parseSpecification } from "@faultline/core";
import { describe, expect, it } from "vitest";
import {
  errorPlace,
  quotedName,
  withoutPlace,
} from "../../../src/screens/specifications/specification-error.ts";

function messageOf(text: string): string {
  try {
    parseSpecification(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("expected a syntax error");
}

describe("errorPlace", () => {
  it("finds the place that the parser's own message names", () => {
    const text = "predicted(truck)\n=> strength(wheels > 1";
    const place = errorPlace(messageOf(text), text);
    expect(place).toEqual({ line: 2, column: 20, before: "=> strength(wheels ", at: ">", after: " 1" });
  });

  it("points behind the text when its end comes too early", () => {
    const text = "predicted(truck) =>";
    expect(errorPlace(messageOf(text), text)).toMatchObject({ before: text, at: "", after: "" });
  });

  it("is null for messages without a place", () => {
    expect(errorPlace('names the concept "x", which does not exist', "x")).toBeNull();
    expect(errorPlace("line 9, column 1: no such line", "x")).toBeNull();
  });
});

describe("withoutPlace", () => {
  it("leaves the sentence behind the parser's place", () => {
    expect(withoutPlace(messageOf("predicted(truck"))).toMatch(/^Expected /);
    expect(withoutPlace('specification: names the class "x", which does not exist.')).toBe(
      'Names the class "x", which does not exist.',
    );
  });
});

describe("quotedName", () => {
  it.each(["truck", "long-snout", "long snout", 'a "b" \\c', "2 wheels", "größe"])(
    "is read back as %s",
    (name) => {
      const text = `predicted(${quotedName(name)})`;
      expect(parseSpecification(text)).toEqual({ kind: "predicted", name });
    },
  );
});
