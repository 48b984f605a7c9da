import { defaultPageSize, maximumPageSize } from "../builder.ts";
import type { Context } from "../context.ts";
import { finiteThreshold } from "../detectors/finite-threshold.ts";
import { ValidationError } from "../errors.ts";
import { pageStatement } from "../performance/page-statements.ts";
import type { Condition, Source } from "./condition.ts";
import { type Cursor, decodeCursor, encodeCursor, type VerdictOrder } from "./verdict-cursor.ts";

export type { VerdictOrder };

/** A verdict as it is stored. */
interface StoredVerdict {
  runId: string;
  inputId: string;
  /** Row of the run's strengths. */
  position: number;
  externalId: string;
  /** Class indices. */
  label: number | null;
  predicted: number;
  oracle: number;
  confidence: number;
  verdict: "OK" | "DEFECT";
  score: number;
  threshold: number;
  misclassified: boolean | null;
  fault: "NONE" | "ENCODER" | "HEAD" | "UNDECIDED" | null;
  /** Axis indices. */
  conceptIndices: number[];
}

/** A verdict with classes and concepts by their names. */
export interface VerdictRow extends Omit<StoredVerdict, "label" | "oracle" | "threshold" | "conceptIndices"> {
  trueClass: string | null;
  predictedClass: string;
  oracleClass: string;
  /** Null for one that no score passes. */
  threshold: number | null;
  concepts: string[];
  names: RunNames;
}

/** The names of a run's classes and concepts. */
export interface RunNames {
  classes: readonly string[];
  axis: readonly string[];
}

export interface PageArguments {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

const columns = `v.run_id AS "runId", v.input_id::text AS "inputId", v.position, v.external_id AS "externalId", v.label,
  v.predicted_class AS predicted, v.oracle_class AS oracle, v.confidence, v.verdict, v.score, v.threshold,
  v.misclassified, v.fault, to_json(v.concepts) AS "conceptIndices"`;

/** Spelt out, since pages are many: objects that are made alike are small and fast. */
function withNames(row: StoredVerdict, names: RunNames): VerdictRow {
  const { classes, axis } = names;
  return {
    runId: row.runId,
    inputId: row.inputId,
    position: row.position,
    externalId: row.externalId,
    trueClass: row.label === null ? null : classes[row.label],
    predicted: row.predicted,
    predictedClass: classes[row.predicted],
    oracleClass: classes[row.oracle],
    confidence: row.confidence,
    verdict: row.verdict,
    score: row.score,
    threshold: finiteThreshold(row.threshold),
    misclassified: row.misclassified,
    fault: row.fault,
    concepts: row.conceptIndices.map((index) => axis[index]),
    names,
  };
}

/** Rows of the verdicts that match, by a condition of its own; few. */
export async function verdictRows(
  { pool }: Pick<Context, "pool">,
  condition: Condition,
  names: RunNames,
  limit: number,
): Promise<VerdictRow[]> {
  const { rows } = await pool.query<StoredVerdict>(
    `SELECT ${columns} FROM verdict v WHERE ${condition.sql} ORDER BY v.input_id LIMIT ${limit}`,
    condition.parameters,
  );
  return rows.map((row) => withNames(row, names));
}

/** Which way a page runs through the rows. */
interface Direction {
  forward: boolean;
  size: number;
  cursor: Cursor | null;
}

/**
 * A page of verdicts by keyset: it costs the same wherever it lies, and needs one index range.
 *
 * @throws ValidationError for a size or cursor that is none
 */
export async function verdictPage(
  { pool }: Pick<Context, "pool">,
  { from, sql, parameters }: Source,
  order: VerdictOrder,
  page: PageArguments,
  names: RunNames,
) {
  const { forward, size, cursor } = directionOf(page, order);
  const byScore = order !== "INPUT";
  const ascending = (order !== "SCORE_DESCENDING") === forward;
  const values = [...parameters];
  let beyond = "";
  if (cursor) {
    const comparison = ascending ? ">" : "<";
    values.push(...(byScore ? [cursor.score, cursor.inputId] : [cursor.inputId]));
    beyond = byScore
      ? ` AND (v.score, v.input_id) ${comparison} ($${values.length - 1}::float8, $${values.length}::bigint)`
      : ` AND v.input_id ${comparison} $${values.length}::bigint`;
  }
  const direction = ascending ? "ASC" : "DESC";
  const text = `SELECT ${columns} FROM ${from} WHERE ${sql}${beyond}
    ORDER BY ${byScore ? `v.score ${direction}, ` : ""}v.input_id ${direction} LIMIT ${size + 1}`;
  const { rows } = from
    ? await pool.query<StoredVerdict>({ name: pageStatement(text), text, values })
    : { rows: [] };
  const more = rows.length > size;
  const shown = rows.slice(0, size).map((row) => withNames(row, names));
  if (!forward) shown.reverse();
  const edges = shown.map((node) => ({ cursor: encodeCursor(order, node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: forward ? more : page.before != null,
      hasPreviousPage: forward ? page.after != null : more,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: async () => {
      if (!from) return 0;
      const counted = await pool.query<{ count: string }>(
        `SELECT count(*) FROM ${from} WHERE ${sql}`,
        parameters,
      );
      return Number(counted.rows[0].count);
    },
  };
}

function directionOf({ first, after, last, before }: PageArguments, order: VerdictOrder): Direction {
  if (last != null && first != null) throw ValidationError.of("last", "Give either first or last, not both.");
  const forward = last == null && before == null;
  const wanted = (forward ? first : last) ?? first ?? defaultPageSize;
  if (wanted < 0) throw ValidationError.of(forward ? "first" : "last", "The size of a page is not negative.");
  const text = forward ? after : (before ?? after);
  return {
    forward,
    size: Math.min(wanted, maximumPageSize),
    cursor: text == null ? null : decodeCursor(text, order),
  };
}
