import type { Pool, QueryResult, QueryResultRow } from "pg";

/** Each prepared statement holds memory in every connection for good. */
const most = 200;
const names = new Map<string, string>();

/**
 * Runs a statement that each connection parses once and plans seldom, which for short statements is most of their
 * cost. For texts that recur: only the first {@link most} different ones are prepared, others run as always.
 *
 * @param text with parameters as $1, never with values in it
 */
export function queryPrepared<Row extends QueryResultRow>(
  pool: Pick<Pool, "query">,
  text: string,
  values: unknown[],
): Promise<QueryResult<Row>> {
  if (!names.has(text) && names.size < most) names.set(text, `faultline_${names.size}`);
  return pool.query<Row>({ name: names.get(text), text, values });
}
