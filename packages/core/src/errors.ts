/**
 * An argument that the method cannot work with. `field` names the argument (or the place in it), `remedy`
 * says what the caller can do about it; the message carries both.
 */
export class InvalidInputError extends RangeError {
  override readonly name = "InvalidInputError";
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(field: string, problem: string, remedy: string) {
    super(`${field}: ${problem}. ${remedy}`);
    this.field = field;
    this.problem = problem;
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

/**
 * The index of the first NaN or infinity; -1 where there is none. (`findIndex` would make an object of every value of a
 * typed array, and this is asked of every embedding.)
 */
export function firstNotFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Throws InvalidInputError, naming the row, when `values` (rows of `columns`) holds a NaN or an infinity. */
export function requireFinite(field: string, values: ArrayLike<number>, columns: number): void {
  const odd = firstNotFinite(values);
  if (odd >= 0)
    throw new InvalidInputError(
      `${field}, input ${Math.floor(odd / columns)}`,
      `holds ${values[odd]}`,
      "Remove the input or repair its values; every value must be a finite number.",
    );
}
