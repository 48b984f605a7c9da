import fc from "fast-check";

// Texts for the parser of specifications: what people write, what they write wrongly, and what nobody would.

const space = fc.constantFrom("", " ", "  ", "\n", "\t", "\r\n");
const bareName = fc.constantFrom("a", "truck", "long-snout", "_1", "Käfer", "not", "strength");
const quotedName = fc
  .string({ minLength: 1, maxLength: 12, unit: "grapheme" })
  .map((name) => `"${name.replace(/["\\]/g, "\\$&")}"`);
const name = fc.oneof(bareName, quotedName);
const argument = fc.tuple(space, name, space).map(([before, own, after]) => `(${before}${own}${after})`);
const atom = fc.oneof(
  argument.map((of) => `predicted${of}`),
  argument.map((of) => `label${of}`),
  fc
    .tuple(argument, space, fc.constantFrom(">", "<", ">=", "<="), space, argument)
    .map(
      ([left, before, operator, after, right]) =>
        `strength${left}${before}${operator}${after}strength${right}`,
    ),
);

/** Texts that are in the language; most of them short enough. */
export const validSpecificationText = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    atom,
    tie("text").map((inner) => `not (${inner})`),
    fc.tuple(space, tie("text"), space).map(([before, inner, after]) => `(${before}${inner}${after})`),
    fc
      .tuple(tie("text"), fc.constantFrom("and", "or", "=>"), tie("text"))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    fc
      .array(tie("text"), { minLength: 2, maxLength: 4 })
      .chain((parts) => fc.constantFrom(" and ", " or ", " => ").map((operator) => parts.join(operator))),
  ),
})).text;

const tokens = fc.constantFrom(
  ...'( ) ( ) not and or => > >= < <= predicted label strength predicted(a) strength(a)>strength(b) " \\ , a'.split(
    " ",
  ),
);
/** Tokens of the language in any order. */
const tokenSoup = fc
  .tuple(fc.array(tokens, { maxLength: 300 }), fc.constantFrom("", " ", "\n"))
  .map(([parts, between]) => parts.join(between));

/** One beginning many times, with or without what would end it: what a backtracking parser dies of. */
const repeated = fc
  .tuple(
    fc.constantFrom(
      "(",
      "( ",
      "not ",
      "not (",
      "((",
      '"',
      "predicted(",
      "predicted(a) =>",
      "(predicted(a) or ",
    ),
    fc.integer({ min: 1, max: 700 }),
    fc.constantFrom("", "predicted(a)", "strength(a) > strength(b)", "x"),
    fc.integer({ min: -2, max: 2 }),
  )
  .map(([beginning, times, middle, off]) => {
    const ends = Math.max(0, times * [...beginning].filter((character) => character === "(").length + off);
    return beginning.repeat(times) + middle + ")".repeat(ends);
  });

/** A valid text that one place of was cut, doubled, or replaced. */
const damaged = fc
  .tuple(validSpecificationText, fc.nat(), fc.nat({ max: 20 }), fc.string({ maxLength: 5, unit: "binary" }))
  .map(([text, place, length, instead]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + instead + text.slice(at + length);
  });

/** Any text that may be handed to the parser: valid, damaged, of tokens, repeated, or of anything. */
export const anySpecificationText = fc.oneof(
  validSpecificationText,
  damaged,
  tokenSoup,
  repeated,
  fc.string({ maxLength: 2_500, unit: "binary" }),
);
