import type { ClassConceptValues } from "../../runs/class-concept-table.ts";

export type WinRateChange = {
  readonly class: string;
  readonly concept: string;
  readonly before: number;
  readonly after: number;
};

/**
 * The cells of the class × concept view that changed most between two runs, largest change first; cells that one of
 * them lacks (another concept set, a class without inputs) are left out.
 */
export function winRateChanges(
  before: ClassConceptValues,
  after: ClassConceptValues,
  most: number,
): WinRateChange[] {
  const changes: WinRateChange[] = [];
  after.classes.forEach((name, row) => {
    const rowBefore = before.classes.indexOf(name);
    after.axis.forEach((concept, column) => {
      const columnBefore = before.axis.indexOf(concept);
      if (rowBefore < 0 || columnBefore < 0) return;
      const was = before.values[rowBefore * before.axis.length + columnBefore];
      const is = after.values[row * after.axis.length + column];
      if (was !== null && is !== null && was !== is)
        changes.push({ class: name, concept, before: was, after: is });
    });
  });
  return changes.sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before)).slice(0, most);
}
