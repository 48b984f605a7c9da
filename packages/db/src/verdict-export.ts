import type { Pool } from "pg";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { disarmed } from "./csv.ts";
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

/** Rows of one statement, and of one piece of the export: as text some 3 MB, as objects much more. */
const pageRows = { text: 8_000, objects: 2_000 };

/**
 * The columns of ExportedVerdict, in order of input. CSV has no arrays, so there `|` joins the concepts; its texts are
 * disarmed, the names of classes and concepts once for all rows (OFFSET 0 keeps the planner from doing it for each).
 */
function rowsSql(condition: string, format: ExportFormat | "rows"): string {
  const isCsv = format === "csv";
  const concepts =
    "ARRAY(SELECT a.axis[c + 1] FROM unnest(v.concepts) WITH ORDINALITY AS u(c, place) ORDER BY place)";
  const names = (list: string) =>
    isCsv
      ? `ARRAY(SELECT ${disarmed("name")} FROM unnest(${list}) WITH ORDINALITY AS n(name, place) ORDER BY place)`
      : list;
  return `
    SELECT ${format === "rows" ? "v.input_id," : ""}
      ${isCsv ? disarmed("v.external_id") : "v.external_id"} AS "externalId", v.position,
      m.classes[v.label + 1] AS "trueClass", m.classes[v.predicted_class + 1] AS "predictedClass",
      m.classes[v.oracle_class + 1] AS "oracleClass", v.confidence, v.verdict, v.score,
      CASE WHEN v.threshold < ${Number.MAX_VALUE} THEN v.threshold END AS "threshold", v.misclassified, v.fault,
      ${isCsv ? `array_to_string(${concepts}, '|')` : concepts} AS "concepts"
    FROM verdict v
    JOIN run r ON r.id = v.run_id
    JOIN LATERAL (
      SELECT ${names("classes")} AS classes FROM model_version WHERE id = r.model_version_id OFFSET 0
    ) m ON true
    LEFT JOIN LATERAL (
      SELECT ${names("axis")} AS axis FROM run_report WHERE run_id = r.id OFFSET 0
    ) a ON true
    WHERE ${condition}
    ORDER BY v.input_id`;
}

/** Rows of a page, and the id of its last input. */
interface ReadPage<Page> {
  page: Page;
  last: string;
}

/**
 * All verdicts of a run that match, page by page, in order of input.
 *
 * Every page is read by short statements of its own, so that a slow reader holds no connection; the next one is read while the reader
 * is busy with this one. A finished run does not change, so the pages belong together: that the run was neither deleted
 * nor tried again meanwhile is made sure of at the end.
 *
 * @throws ExportInterruptedError instead of ending as if it were complete
 */
async function* pages<Page>(
  pool: Pool,
  runId: string,
  read: (after: string) => Promise<ReadPage<Page> | undefined>,
): AsyncGenerator<Page, void, undefined> {
  const attempt = await attemptOf(pool, runId);
  let upcoming = read("-1");
  for (let current = await upcoming; current; current = await upcoming) {
    upcoming = read(current.last);
    // A failure is thrown where it is awaited.
    upcoming.catch(() => undefined);
    yield current.page;
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
 * All verdicts of a run that match, in order of input, as NDJSON or as CSV with a header, formatted by PostgreSQL; a piece
 * holds some megabytes. In CSV `|` joins the concepts, and every text is disarmed for spreadsheets (see csv.ts).
 *
 * @throws ExportInterruptedError
 */
export async function* exportVerdicts(
  pool: Pool,
  runId: string,
  condition: VerdictCondition,
  format: ExportFormat,
): AsyncGenerator<Buffer, void, undefined> {
  if (format === "csv") yield copied(pool, csvSql("false", ", HEADER"));
  yield* pages(pool, runId, async (after) => {
    const within = following(condition, after);
    // COPY does not say where it ended, so that is asked before.
    const { rows } = await pool.query<{ last: string | null }>(
      `SELECT max(input_id) AS last FROM
         (SELECT v.input_id FROM verdict v WHERE ${within.sql} ORDER BY v.input_id LIMIT ${pageRows.text}) p`,
      [...within.parameters],
    );
    const [{ last }] = rows;
    if (last === null) return undefined;
    const sql = `${inlined(within)} AND v.input_id <= ${literal(last)}`;
    // JSON holds no raw control characters, so with these as quote and delimiter CSV leaves it as it is.
    const json = `COPY (SELECT row_to_json(t) FROM (${rowsSql(sql, "ndjson")}) t) TO STDOUT
      (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;
    return { page: await copied(pool, format === "csv" ? csvSql(sql) : json), last };
  });
}

function following({ sql, parameters }: VerdictCondition, after: string): VerdictCondition {
  return { sql: `${sql} AND v.input_id > $${parameters.length + 1}`, parameters: [...parameters, after] };
}

function csvSql(condition: string, options = ""): string {
  return `COPY (${rowsSql(condition, "csv")}) TO STDOUT (FORMAT csv${options})`;
}

/** What a COPY gives, read to its end. */
async function copied(pool: Pool, sql: string): Promise<Buffer> {
  const client = await pool.connect();
  let complete = false;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of client.query(copyTo(sql))) chunks.push(chunk);
    complete = true;
    return Buffer.concat(chunks);
  } finally {
    client.release(!complete);
  }
}

/** The same verdicts as objects. @throws ExportInterruptedError */
export async function* readVerdicts(
  pool: Pool,
  runId: string,
  condition: VerdictCondition,
): AsyncGenerator<ExportedVerdict, void, undefined> {
  const read = pages(pool, runId, async (after) => {
    const { sql, parameters } = following(condition, after);
    const { rows } = await pool.query<ExportedVerdict & { input_id: string }>(
      `${rowsSql(sql, "rows")} LIMIT ${pageRows.objects}`,
      [...parameters],
    );
    return rows.length > 0 ? { page: rows, last: rows[rows.length - 1].input_id } : undefined;
  });
  for await (const page of read) for (const { input_id, ...verdict } of page) yield verdict;
}

/** COPY takes no parameters, so they become literals. */
function inlined({ sql, parameters }: VerdictCondition): string {
  return sql.replace(/\$(\d+)/g, (_match, number: string) => literal(parameters[Number(number) - 1]));
}

function literal(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return pg.escapeLiteral(String(value));
  if (Array.isArray(value))
    return pg.escapeLiteral(
      `{${value.map((item) => `"${String(item).replace(/["\\]/g, "\\$&")}"`).join(",")}}`,
    );
  throw new TypeError(`A condition's parameter is a string, a number or a list of them, not ${typeof value}`);
}
