/** Where a specification cannot be read: its line, and what stands before, at and after the place. */
export type ErrorPlace = {
  readonly line: number;
  readonly column: number;
  readonly before: string;
  /** One character, or empty at the end of the line. */
  readonly at: string;
  readonly after: string;
};

/** The place in the text that the API names, counted from 1; null when the text has no such line. */
export function errorPlace(
  { line, column }: { line: number; column: number },
  text: string,
): ErrorPlace | null {
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
