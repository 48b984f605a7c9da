/** Where a specification cannot be read: its line, and what stands before, at and after the place. */
export type ErrorPlace = {
  readonly line: number;
  readonly column: number;
  readonly before: string;
  /** One character, or empty at the end of the line. */
  readonly at: string;
  readonly after: string;
};

/** The place that the API's message names ("line 1, column 17"), in the text; null when it names none. */
export function errorPlace(message: string, text: string): ErrorPlace | null {
  const match = /line (\d+), column (\d+)/.exec(message);
  if (!match) return null;
  const [line, column] = [Number(match[1]), Number(match[2])];
  const written = text.split("\n")[line - 1];
  if (written === undefined) return null;
  return {
    line,
    column,
    before: written.slice(0, column - 1),
    at: written.slice(column - 1, column),
    after: written.slice(column),
  };
}

/** The message as a sentence of its own, without the place in front of it. */
export function withoutPlace(message: string): string {
  const rest = message.replace(/^specification(, line \d+, column \d+)?: /, "");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** A name as the language wants it: bare when it is one word, else in double quotes. */
export function quotedName(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}
