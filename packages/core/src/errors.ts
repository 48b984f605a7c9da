/**
 * An argument that the method cannot work with. `field` names the argument (or the place in it), `remedy`
 * says what the caller can do about it; the message carries both.
 */
export class InvalidInputError extends RangeError {
  override readonly name = "InvalidInputError";
  readonly field: string;
  readonly remedy: string;

  constructor(field: string, problem: string, remedy: string) {
    super(`${field}: ${problem}. ${remedy}`);
    this.field = field;
    this.remedy = remedy;
  }
}

/** Throws InvalidInputError unless `actual` equals `expected`. */
export function requireSize(field: string, actual: number, expected: number, what: string): void {
  if (actual !== expected)
    throw new InvalidInputError(
      field,
      `has ${actual} ${what} where ${expected} are needed`,
      `Pass ${expected} ${what}.`,
    );
}

/** Throws InvalidInputError, naming the row, when `values` (rows of `columns`) holds a NaN or an infinity. */
export function requireFinite(field: string, values: ArrayLike<number>, columns: number): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw new InvalidInputError(
        `${field}, input ${Math.floor(i / columns)}`,
        `holds ${values[i]}`,
        "Remove the input or repair its values; every value must be a finite number.",
      );
  }
}
