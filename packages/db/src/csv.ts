/** How a formula begins (OWASP, "CSV Injection"), behind any apostrophes; a regular expression as a literal of SQL. */
const formula = "E'^\\'*[=+@\\t\\r\\n＝＋－＠-]'";

/**
 * SQL for a text that goes into CSV: one that a spreadsheet would run as a formula gets an apostrophe in front. So does
 * one that has apostrophes before such a beginning: whoever takes one apostrophe away from those gets back what was
 * written.
 */
export function disarmed(text: string): string {
  return `CASE WHEN ${text} ~ ${formula} THEN '''' || ${text} ELSE ${text} END`;
}
