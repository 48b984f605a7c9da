/** What a spreadsheet runs as a formula, where it begins a cell (OWASP, "CSV Injection"). */
const formula = /^'*[=+\-@\t\r\n＝＋－＠]/;

/**
 * One line of CSV (RFC 4180, lines end with a line feed): null is an empty field, an empty text is `""`.
 *
 * Texts that a spreadsheet would run as a formula get an apostrophe in front; so do texts that begin with apostrophes
 * before such a character, so that whoever takes one away gets what was written ({@link unguarded}). Numbers stay
 * numbers, truth values are `t` and `f`, as PostgreSQL writes them.
 */
export function csvLine(values: readonly (string | number | boolean | null)[]): string {
  return `${values.map(field).join(",")}\n`;
}

/** The text that was written, of a text field as it stands in the CSV. */
export function unguarded(field: string): string {
  return field.startsWith("'") && formula.test(field) ? field.slice(1) : field;
}

function field(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "t" : "f";
  const text = formula.test(value) ? `'${value}` : value;
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
