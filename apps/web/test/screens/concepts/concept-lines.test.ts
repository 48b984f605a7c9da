import { describe, expect, it } from "vitest";
import {
  lineOfPhrase,
  phraseChanges,
  phrasesOf,
  repeatedPhrases,
} from "../../../src/screens/concepts/concept-lines.ts";

const text = "  wings \n\nwheels\nlong snout\n Wheels";

describe("phrasesOf", () => {
  it("is one phrase a line, without blanks and empty lines", () => {
    expect(phrasesOf(text)).toEqual(["wings", "wheels", "long snout", "Wheels"]);
  });
});

describe("repeatedPhrases", () => {
  it("names the line of a phrase that differs by case only, and the line that it repeats", () => {
    expect(repeatedPhrases(text)).toEqual([{ line: 5, message: "“Wheels” is there already, in line 3." }]);
  });
});

describe("lineOfPhrase", () => {
  it("counts phrases without the empty lines", () => {
    expect([0, 1, 2, 3, 4].map((place) => lineOfPhrase(text, place))).toEqual([1, 3, 4, 5, null]);
  });
});

describe("phraseChanges", () => {
  it("tells added, removed and reordered apart", () => {
    expect(phraseChanges(["a", "b", "c"], ["a", "c", "d"])).toEqual({
      added: ["d"],
      removed: ["b"],
      reordered: false,
    });
    expect(phraseChanges(["a", "b", "c"], ["c", "a"])).toEqual({
      added: [],
      removed: ["b"],
      reordered: true,
    });
    expect(phraseChanges(["a"], ["a"])).toEqual({ added: [], removed: [], reordered: false });
  });
});
