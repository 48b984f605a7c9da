import { InvalidInputError } from "./invalid-input.ts";

/** Two parts that must agree on a width do not, such as an encoder and its head. */
export class WidthMismatchError extends InvalidInputError {
  readonly expected: number;
  readonly actual: number;

  /** `field` expects vectors of `expected` values, but `giver` gives `actual` values. */
  constructor(field: string, expected: number, giver: string, actual: number) {
    super(
      field,
      `it expects ${expected} values, but ${giver} gives ${actual}`,
      "Give two that were made for each other",
    );
    this.expected = expected;
    this.actual = actual;
  }
}
