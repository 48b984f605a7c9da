/** Lays rows out as a plain-text table; columns whose cells are all numeric are right-aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((r) => r[c].length)));
  const numeric = header.map(
    (_, c) => rows.length > 0 && rows.every((r) => /^(-?[\d.,]+ ?%?|–)?( .*)?$/.test(r[c])),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => (numeric[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join("  ")
      .trimEnd();
  return [line(header), widths.map((w) => "─".repeat(w)).join("  "), ...rows.map(line)].join("\n");
}

/** A share as a percentage with one decimal; an en dash where there is none. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}

/** A number with three decimals; an en dash where there is none. */
export function decimal(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}
