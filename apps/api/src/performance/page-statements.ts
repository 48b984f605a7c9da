/** Each prepared statement holds memory in every connection for good. */
const most = 500;
const names = new Map<string, string>();

/**
 * The name under which the statement of a page of verdicts is prepared; undefined for one that is not. Other statements
 * are few and have names that say what they are for. The text of a page names the table of its run, and its filter:
 * the first {@link most} are prepared.
 *
 * Measured (2 cores, `npm run bench api`'s page): 3.6 ms where it is prepared, 5.6 ms where PostgreSQL plans it anew.
 *
 * @param text with parameters as $1, never with values in it
 */
export function pageStatement(text: string): string | undefined {
  if (!names.has(text) && names.size < most) names.set(text, `verdict-page-${names.size}`);
  return names.get(text);
}
