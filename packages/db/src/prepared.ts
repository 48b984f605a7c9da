import type { Pool, QueryResult, QueryResultRow } from "pg";

/** Each prepared statement holds memory in every connection for good. */
const most = 500;
const names = new Map<string, string>();

/**
 * Runs a statement that each connection parses and plans once, which for short statements is most of their cost.
 * The first {@link most} different texts are prepared, later ones run as always. Not for the partitioned table
 * `verdict`: a plan that is kept covers every partition, and is made anew when one comes.
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
