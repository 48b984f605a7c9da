import { pipeline, type Readable, Transform } from "node:stream";
import type { Pool } from "pg";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
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

/** The columns of ExportedVerdict, in order of input; CSV has no arrays, so there `|` joins the concepts. */
function exportSql(condition: string, format: ExportFormat | "rows"): string {
  const concepts =
    "ARRAY(SELECT a.axis[c + 1] FROM unnest(v.concepts) WITH ORDINALITY AS u(c, place) ORDER BY place)";
  return `
    SELECT v.external_id AS "externalId", v.position, m.classes[v.label + 1] AS "trueClass",
      m.classes[v.predicted_class + 1] AS "predictedClass", m.classes[v.oracle_class + 1] AS "oracleClass",
      v.confidence, v.verdict, v.score,
      CASE WHEN v.threshold < ${Number.MAX_VALUE} THEN v.threshold END AS "threshold",
      v.misclassified, v.fault,
      ${format === "csv" ? `array_to_string(${concepts}, '|')` : concepts} AS "concepts"
    FROM verdict v
    JOIN run r ON r.id = v.run_id
    JOIN model_version m ON m.id = r.model_version_id
    LEFT JOIN run_report a ON a.run_id = r.id
    WHERE ${condition}
    ORDER BY v.input_id`;
}

/**
 * All verdicts that match, in order of input, as NDJSON or as CSV with a header.
 * PostgreSQL formats the rows and one statement reads them, so the export is consistent, and memory stays
 * bounded: the stream holds back the database when its reader is slow. Destroying it ends the query.
 */
export async function exportVerdicts(
  pool: Pool,
  condition: VerdictCondition,
  format: ExportFormat,
): Promise<Readable> {
  const rows = exportSql(inlined(condition), format);
  const sql =
    format === "csv"
      ? `COPY (${rows}) TO STDOUT (FORMAT csv, HEADER)`
      : // JSON holds no raw control characters, so with these as quote and delimiter CSV leaves it as it is.
        `COPY (SELECT row_to_json(t) FROM (${rows}) t) TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;

  const client = await pool.connect();
  const output = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
  // A reader that goes away leaves a query behind: then the connection is thrown away with it.
  return pipeline(client.query(copyTo(sql)), output, (error) => client.release(error ?? undefined));
}

const batchRows = 2000;

/** The same verdicts as objects, read through a cursor: no more than 2,000 are held at a time. */
export async function* readVerdicts(
  pool: Pool,
  { sql, parameters }: VerdictCondition,
): AsyncGenerator<ExportedVerdict, void, undefined> {
  const client = await pool.connect();
  let complete = false;
  try {
    await client.query("BEGIN READ ONLY");
    await client.query(`DECLARE exported CURSOR FOR ${exportSql(sql, "rows")}`, [...parameters]);
    while (!complete) {
      const { rows } = await client.query<ExportedVerdict>(`FETCH ${batchRows} FROM exported`);
      yield* rows;
      complete = rows.length < batchRows;
    }
    await client.query("COMMIT");
  } finally {
    // Whoever leaves early, or fails, leaves a transaction behind: the connection is thrown away with it.
    client.release(!complete);
  }
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
