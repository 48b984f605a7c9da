/** A class × concept view, as the API gives it: row-major, classes × axis. */
export type ClassConceptValues = {
  readonly classes: readonly string[];
  readonly axis: readonly string[];
  readonly values: readonly (number | null)[];
};

/** A part of the view that fits on paper: concepts as rows, some of the classes as columns. */
export type TablePart = {
  readonly classes: readonly string[];
  readonly rows: readonly { readonly concept: string; readonly values: readonly (number | null)[] }[];
};

/**
 * The view as tables for paper: at most `mostConcepts` concepts (those whose win rates differ most between the
 * classes, in the order of the axis) and `mostClasses` classes a table.
 */
export function classConceptTables(
  { classes, axis, values }: ClassConceptValues,
  mostConcepts: number,
  mostClasses: number,
): TablePart[] {
  const of = (row: number, column: number) => values[row * axis.length + column];
  const spread = axis.map((_, column) => {
    const known = classes.map((_, row) => of(row, column)).filter((value) => value !== null);
    return known.length > 0 ? Math.max(...known) - Math.min(...known) : 0;
  });
  const columns = axis
    .map((_, column) => column)
    .sort((a, b) => spread[b] - spread[a] || a - b)
    .slice(0, mostConcepts)
    .sort((a, b) => a - b);
  const parts: TablePart[] = [];
  for (let start = 0; start < classes.length; start += mostClasses) {
    const shown = classes.slice(start, start + mostClasses);
    parts.push({
      classes: shown,
      rows: columns.map((column) => ({
        concept: axis[column],
        values: shown.map((_, i) => of(start + i, column)),
      })),
    });
  }
  return parts;
}
