import { pipeline, type Readable, Transform } from "node:stream";
import type { Pool } from "pg";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import type { Fault, VerdictKind } from "./generated/enums.ts";

/** Which verdicts of a run; every condition given must hold. */
export interface VerdictFilter {
  runId: string;
  verdict?: VerdictKind;
  fault?: Fault;
  misclassified?: boolean;
  /** Class indices. */
  label?: number;
  predictedClass?: number;
  /** Inclusive bounds of the score. */
  minimumScore?: number;
  maximumScore?: number;
  /** Axis index of a concept that is among those that spoke most. */
  concept?: number;
  externalId?: string;
}

export type ExportFormat = "ndjson" | "csv";

/** COPY takes no parameters, so the filter becomes literals; each is checked or escaped. */
function conditions(filter: VerdictFilter): string {
  const { literal, integer, real } = { literal: pg.escapeLiteral, integer: toInteger, real: toReal };
  const all = [`v.run_id = ${literal(filter.runId)}`];
  if (filter.verdict !== undefined) all.push(`v.verdict = ${literal(filter.verdict)}`);
  if (filter.fault !== undefined) all.push(`v.fault = ${literal(filter.fault)}`);
  if (filter.misclassified !== undefined)
    all.push(filter.misclassified ? "v.misclassified" : "NOT v.misclassified");
  if (filter.label !== undefined) all.push(`v.label = ${integer(filter.label)}`);
  if (filter.predictedClass !== undefined) all.push(`v.predicted_class = ${integer(filter.predictedClass)}`);
  if (filter.minimumScore !== undefined) all.push(`v.score >= ${real(filter.minimumScore)}`);
  if (filter.maximumScore !== undefined) all.push(`v.score <= ${real(filter.maximumScore)}`);
  if (filter.concept !== undefined) all.push(`v.concepts @> ARRAY[${integer(filter.concept)}]::smallint[]`);
  if (filter.externalId !== undefined) all.push(`v.external_id = ${literal(filter.externalId)}`);
  return all.join(" AND ");
}

function toInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not an integer`);
  return String(value);
}

function toReal(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} is not a finite number`);
  return `${value}::double precision`;
}

/**
 * All verdicts that match, in order of input, as NDJSON or as CSV with a header; classes and concepts by name.
 * PostgreSQL formats the rows and one statement reads them, so the export is consistent, and memory stays
 * bounded: the stream holds back the database when its reader is slow. Destroying it ends the query.
 */
export async function exportVerdicts(
  pool: Pool,
  filter: VerdictFilter,
  format: ExportFormat,
): Promise<Readable> {
  const list = (array: string) => (format === "csv" ? `array_to_string(${array}, '|')` : array);
  const rows = `
    SELECT v.external_id AS "externalId", v.position, d.classes[v.label + 1] AS "label",
      m.classes[v.predicted_class + 1] AS "predictedClass", m.classes[v.oracle_class + 1] AS "oracleClass",
      v.confidence, v.verdict, v.score, v.threshold, v.misclassified, v.fault,
      ${list("ARRAY(SELECT a.axis[c + 1] FROM unnest(v.concepts) WITH ORDINALITY AS u(c, place) ORDER BY place)")}
        AS "concepts"
    FROM verdict v
    JOIN run r ON r.id = v.run_id
    JOIN dataset d ON d.id = r.dataset_id
    JOIN model_version m ON m.id = r.model_version_id
    LEFT JOIN run_report a ON a.run_id = r.id
    WHERE ${conditions(filter)}
    ORDER BY v.input_id`;
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
