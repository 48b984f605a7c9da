import { InvalidInputError } from "../errors.ts";
import { SyntaxError as GrammarError, parse } from "./grammar.ts";

/** A place in a text: `offset` counts UTF-16 code units from 0; lines and columns count from 1. */
export interface TextPosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** The text is no specification; `position` is where it stops being one. */
export class SpecificationSyntaxError extends InvalidInputError {
  constructor(
    readonly position: TextPosition,
    problem: string,
  ) {
    super(
      `specification, line ${position.line}, column ${position.column}`,
      problem,
      "Correct the specification there; names with spaces need double quotes.",
    );
  }
}

/** A specification with names, as it was written. */
export type SpecificationExpression = Expression<string>;

/** A specification with concept and class numbers, ready to be evaluated. */
export type Specification = Expression<number>;

/** Names are strings as written, or numbers once they are resolved. */
export type Expression<Name> =
  /** The classifier predicts the class. */
  | { readonly kind: "predicted"; readonly name: Name }
  /** The true class. */
  | { readonly kind: "label"; readonly name: Name }
  /** The strength predicate P_ij. */
  | { readonly kind: "stronger"; readonly stronger: Name; readonly weaker: Name }
  | { readonly kind: "not"; readonly operand: Expression<Name> }
  | { readonly kind: "and"; readonly operands: readonly Expression<Name>[] }
  | { readonly kind: "or"; readonly operands: readonly Expression<Name>[] }
  | { readonly kind: "implies"; readonly premise: Expression<Name>; readonly conclusion: Expression<Name> };

/** Longest text of a specification, in UTF-16 code units, as JavaScript counts them. */
export const mostSpecificationCharacters = 2_000;

/** Parentheses, `not` and `=>` within each other. */
const mostNested = 64;

/**
 * Parses a specification over strength predicates (Con_spec, arXiv 2403.19837), for instance
 *
 *     predicted(truck) => strength(wheels) > strength(wings) and not strength("long snout") > strength(metallic)
 *
 * Atoms: `predicted(class)`, `label(class)`, `strength(a) > strength(b)` (also `<`, `>=`, `<=`). Operators from
 * weakest to strongest: `=>` (right to left), `or`, `and`, `not`; parentheses. A name with anything but
 * letters, digits, `_` and `-` goes in double quotes, with `\"` and `\\` inside.
 *
 * The time grows linearly with the text, which has at most 2,000 characters, nested at most 64 deep.
 *
 * @throws SpecificationSyntaxError with the position, and what was expected there
 * @throws InvalidInputError for a text that is too long
 */
export function parseSpecification(text: string): SpecificationExpression {
  if (text.length > mostSpecificationCharacters)
    throw new InvalidInputError(
      "specification",
      `has ${text.length} characters`,
      `Use at most ${mostSpecificationCharacters}, or split it into several specifications.`,
    );
  try {
    return parse(text, { mostNested }) as SpecificationExpression;
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    // The generated class carries the place of the error; its types do not say so.
    const { offset, line, column } = (error as GrammarError & { location: { start: TextPosition } }).location
      .start;
    throw new SpecificationSyntaxError({ offset, line, column }, error.message.replace(/\.$/, ""));
  }
}

/**
 * Replaces the names by concept and class numbers.
 *
 * @throws InvalidInputError naming the first concept or class that does not exist
 */
export function resolveSpecification(
  expression: SpecificationExpression,
  concepts: readonly string[],
  classes: readonly string[],
): Specification {
  const find = (kind: "concept" | "class", name: string): number => {
    const names = kind === "concept" ? concepts : classes;
    const index = names.indexOf(name);
    if (index < 0)
      throw new InvalidInputError(
        "specification",
        `names the ${kind} "${name}", which does not exist`,
        `Use one of: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}.`,
      );
    return index;
  };
  const resolve = (part: SpecificationExpression): Specification => {
    switch (part.kind) {
      case "predicted":
      case "label":
        return { kind: part.kind, name: find("class", part.name) };
      case "stronger":
        return {
          kind: "stronger",
          stronger: find("concept", part.stronger),
          weaker: find("concept", part.weaker),
        };
      case "not":
        return { kind: "not", operand: resolve(part.operand) };
      case "and":
      case "or":
        return { kind: part.kind, operands: part.operands.map(resolve) };
      case "implies":
        return { kind: "implies", premise: resolve(part.premise), conclusion: resolve(part.conclusion) };
    }
  };
  return resolve(expression);
}

/** What a specification is about: one input. */
export interface SpecificationInput {
  readonly stronger: (i: number, j: number) => boolean;
  readonly predicted: number;
  /** Absent when the true class is not known. */
  readonly label?: number;
}

/** Whether the input satisfies the specification. Throws InvalidInputError when it asks for a label that is not known. */
export function satisfies(specification: Specification, input: SpecificationInput): boolean {
  switch (specification.kind) {
    case "predicted":
      return input.predicted === specification.name;
    case "label":
      if (input.label === undefined)
        throw new InvalidInputError(
          "labels",
          "are missing, but the specification uses label(…)",
          "Pass the labels, or write predicted(…).",
        );
      return input.label === specification.name;
    case "stronger":
      return input.stronger(specification.stronger, specification.weaker);
    case "not":
      return !satisfies(specification.operand, input);
    case "and":
      return specification.operands.every((operand) => satisfies(operand, input));
    case "or":
      return specification.operands.some((operand) => satisfies(operand, input));
    case "implies":
      return !satisfies(specification.premise, input) || satisfies(specification.conclusion, input);
  }
}
