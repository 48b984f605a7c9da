import type { Pool } from "pg";
import { csvLine } from "./csv.ts";
import type { Fault, VerdictKind } from "./generated/enums.ts";

/** Which verdicts: SQL on the table alias `v`, its parameters numbered from $1. It must name the run. */
export interface VerdictCondition {
  sql: string;
  parameters: readonly unknown[];
}

/** One verdict as it leaves the house: classes and concepts by name. */
export interface ExportedVerdict {
  externalId: string;
  position: number;
  /** Null when unlabelled. */
  trueClass: string | null;
  predictedClass: string;
  oracleClass: string;
  /** Maximum softmax probability, in [0, 1]. */
  confidence: number;
  verdict: VerdictKind;
  score: number;
  /** Null where no score is a defect. */
  threshold: number | null;
  misclassified: boolean | null;
  fault: Fault | null;
  /** Strongest first. */
  concepts: string[];
}

export type ExportFormat = "ndjson" | "csv";

/** Rows of one statement, and of one piece of the export. */
const pageRows = 2_000;

const columns = [
  "externalId",
  "position",
  "trueClass",
  "predictedClass",
  "oracleClass",
  "confidence",
  "verdict",
  "score",
  "threshold",
  "misclassified",
  "fault",
] as const satisfies readonly (keyof ExportedVerdict)[];

/** A page of ExportedVerdict in order of input, after the input of `$after`. */
function pageSql(condition: string, after: string): string {
  return `
    SELECT v.input_id, v.external_id AS "externalId", v.position, m.classes[v.label + 1] AS "trueClass",
      m.classes[v.predicted_class + 1] AS "predictedClass", m.classes[v.oracle_class + 1] AS "oracleClass",
      v.confidence, v.verdict, v.score,
      CASE WHEN v.threshold < ${Number.MAX_VALUE} THEN v.threshold END AS "threshold",
      v.misclassified, v.fault,
      ARRAY(SELECT a.axis[c + 1] FROM unnest(v.concepts) WITH ORDINALITY AS u(c, place) ORDER BY place) AS "concepts"
    FROM verdict v
    JOIN run r ON r.id = v.run_id
    JOIN model_version m ON m.id = r.model_version_id
    LEFT JOIN run_report a ON a.run_id = r.id
    WHERE ${condition} AND v.input_id > ${after}
    ORDER BY v.input_id
    LIMIT ${pageRows}`;
}

/** The columns of a page as JSON, which PostgreSQL writes and no parser of ours reads. */
function jsonSql(page: string): string {
  const names = [...columns, "concepts"].map((name) => `t."${name}"`).join(", ");
  return `SELECT t.input_id, row_to_json(r)::text AS line FROM (${page}) t, LATERAL (SELECT ${names}) r ORDER BY t.input_id`;
}

/**
 * All verdicts of a run that match, page by page, in order of input.
 *
 * Every page is a statement of its own, so that a slow reader holds no connection; the next one is read while the reader
 * is busy with this one. A finished run does not change, so the pages belong together: that the run was neither deleted
 * nor tried again meanwhile is made sure of at the end.
 *
 * @throws ExportInterruptedError instead of ending as if it were complete
 */
async function* pages<Row extends { input_id: string }>(
  pool: Pool,
  runId: string,
  { sql, parameters }: VerdictCondition,
  statement: (page: string) => string,
): AsyncGenerator<Row[], void, undefined> {
  const text = statement(pageSql(sql, `$${parameters.length + 1}`));
  const read = async (after: string) => (await pool.query<Row>(text, [...parameters, after])).rows;
  const attempt = await attemptOf(pool, runId);
  let upcoming = read("-1");
  for (;;) {
    const rows = await upcoming;
    const last = rows.length < pageRows;
    if (!last) {
      upcoming = read(rows[rows.length - 1].input_id);
      // A failure is thrown where it is awaited.
      upcoming.catch(() => undefined);
    }
    yield rows;
    if (last) break;
  }
  if (attempt === null || (await attemptOf(pool, runId)) !== attempt) throw new ExportInterruptedError(runId);
}

/** The run changed while its verdicts were exported: what was read so far does not belong together. */
export class ExportInterruptedError extends Error {
  override readonly name = "ExportInterruptedError";

  constructor(runId: string) {
    super(`Run ${runId} was deleted or tried again while its verdicts were exported. Export them again.`);
  }
}

async function attemptOf(pool: Pool, runId: string): Promise<number | null> {
  const { rows } = await pool.query<{ attempt: number }>("SELECT attempt FROM run WHERE id = $1", [runId]);
  return rows.length > 0 ? rows[0].attempt : null;
}

/**
 * All verdicts of a run that match, in order of input, as NDJSON or as CSV with a header; a piece holds some hundred
 * kilobytes. CSV has no arrays, so there `|` joins the concepts; texts are made safe for spreadsheets (see csv.ts).
 *
 * @throws ExportInterruptedError
 */
export async function* exportVerdicts(
  pool: Pool,
  runId: string,
  condition: VerdictCondition,
  format: ExportFormat,
): AsyncGenerator<string, void, undefined> {
  if (format === "ndjson") {
    const read = pages<{ input_id: string; line: string }>(pool, runId, condition, jsonSql);
    for await (const rows of read) if (rows.length > 0) yield rows.map(({ line }) => `${line}\n`).join("");
    return;
  }
  yield csvLine([...columns, "concepts"]);
  for await (const rows of verdictPages(pool, runId, condition))
    if (rows.length > 0)
      yield rows
        .map((row) => csvLine([...columns.map((name) => row[name]), row.concepts.join("|")]))
        .join("");
}

/** The same verdicts as objects. @throws ExportInterruptedError */
export async function* readVerdicts(
  pool: Pool,
  runId: string,
  condition: VerdictCondition,
): AsyncGenerator<ExportedVerdict, void, undefined> {
  for await (const rows of verdictPages(pool, runId, condition))
    for (const { input_id, ...verdict } of rows) yield verdict;
}

function verdictPages(pool: Pool, runId: string, condition: VerdictCondition) {
  return pages<ExportedVerdict & { input_id: string }>(pool, runId, condition, (page) => page);
}
