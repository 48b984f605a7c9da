export type CsvValue = string | number | boolean | null | undefined;

/**
 * A table as CSV (RFC 4180): CRLF, quotes doubled, null as an empty field.
 *
 * Texts that a spreadsheet would run as a formula (`=`, `+`, `-`, `@`, tab, carriage return first) get an apostrophe
 * in front, as OWASP advises; numbers stay numbers.
 */
export function csv(header: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  const lines = [header.map(field).join(",")];
  for (const row of rows) lines.push(row.map(field).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function field(value: CsvValue): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  if (typeof value === "boolean") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
