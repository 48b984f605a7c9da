/** Longest message of an error about something that was handed in, in characters. */
export const MAX_MESSAGE_CHARACTERS = 500;

/** The text, cut to at most `most` characters with an ellipsis: what was handed in may be quoted, but not all of it. */
export function briefly(text: string, most = MAX_MESSAGE_CHARACTERS): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** The first of many names for a message, as `a, b, c and 97 more`; each is cut to 40 characters. */
export function someNames(names: readonly string[], most = 8): string {
  const shown = names
    .slice(0, most)
    .map((name) => briefly(name, 40))
    .join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/**
 * `field: problem. remedy` of at most {@link MAX_MESSAGE_CHARACTERS}: a long problem is cut, so that field and remedy
 * stay to be read.
 */
export function problemMessage(field: string, problem: string, remedy: string): string {
  const [where, what] = [briefly(field, 100), briefly(remedy, 200)];
  const room = MAX_MESSAGE_CHARACTERS - where.length - what.length - ": . ".length;
  return `${where}: ${briefly(problem, room)}. ${what}`;
}

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
    super(problemMessage(field, problem, remedy));
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
