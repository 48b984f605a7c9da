import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError, mostSpecificationCharacters, parseSpecification } from "../../src/index.ts";
import { anySpecificationText, validSpecificationText } from "./texts.ts";

/** What the parser says of a text: null when it takes it. */
function refusal(text: string): string | null {
  try {
    parseSpecification(text);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return (error as InvalidInputError).message;
  }
}

const nested = (depth: number) => `${"(".repeat(depth)}predicted(a)${")".repeat(depth)}`;

describe("parseSpecification of hostile texts", () => {
  it("3: 26 parentheses in 64 characters are read at once", () => {
    // Re-reading the inside of each twice would take minutes.
    const text = nested(26);
    expect(text).toHaveLength(64);
    expect(parseSpecification(text)).toEqual({ kind: "predicted", name: "a" });
    expect(refusal(`${"(".repeat(52)}predicted(a)`)).toContain("line 1, column 65");
  });

  it("3: nests 64 deep and says where it is deeper", () => {
    expect(refusal(nested(64))).toBeNull();
    expect(refusal(nested(65))).toContain("line 1, column 66: It is nested more than 64 deep");
    expect(refusal(`${"not ".repeat(64)}label(a)`)).toBeNull();
    expect(refusal(`${"not ".repeat(65)}label(a)`)).toContain(
      "line 1, column 261: It is nested more than 64",
    );
    expect(refusal(`${"label(a)=>".repeat(65)}label(a)`)).toContain("nested more than 64");
    // Beside each other is not within each other.
    expect(refusal(`${"(not (label(a))) and ".repeat(90)}label(a)`)).toBeNull();
  });

  it("3: takes 2,000 characters and no more", () => {
    const longest = `${" ".repeat(mostSpecificationCharacters - 8)}label(a)`;
    expect(refusal(longest)).toBeNull();
    expect(refusal(`${longest} `)).toBe(
      "specification: has 2001 characters. Use at most 2000, or split it into several specifications.",
    );
  });

  it("3: 10,000 generated texts are parsed, or refused by a typed error, within a second each", () => {
    const answers = { parsed: 0, refused: 0 };
    let slowest = 0;
    fc.assert(
      fc.property(anySpecificationText, (text) => {
        const before = process.cpuUsage();
        if (refusal(text) === null) answers.parsed++;
        else answers.refused++;
        const { user, system } = process.cpuUsage(before);
        slowest = Math.max(slowest, (user + system) / 1000);
      }),
      { numRuns: 10_000, seed: 12 },
    );
    // Processor time: other processes of the machine take none of it.
    expect(slowest).toBeLessThan(1_000);
    expect(answers.parsed).toBeGreaterThan(1_000);
    expect(answers.refused).toBeGreaterThan(1_000);
  });

  it("3: what is in the language is refused for its size alone", () => {
    fc.assert(
      fc.property(validSpecificationText, (text) => {
        const why = refusal(text);
        if (why !== null) expect(why).toMatch(/has \d+ characters|nested more than/);
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });
});
