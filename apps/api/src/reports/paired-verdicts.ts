import type { Context } from "../context.ts";
import type { Condition } from "../verdicts/verdict-filter.ts";
import type { JointCell } from "./paired-shares.ts";

/** What pairing needs of a run. */
export interface PairedRun {
  id: string;
  datasetId: string;
  dataset: { cleanDatasetId: string | null };
}

/**
 * SQL that joins the baseline's verdicts `b` to a run's verdicts `v` by the input that both evaluated. Within one
 * dataset the input is the same row. Across datasets an attacked input stands for its clean one.
 */
export function pairing(run: PairedRun, baseline: PairedRun): string {
  if (run.datasetId === baseline.datasetId) return "JOIN verdict b ON b.input_id = v.input_id";
  if (run.dataset.cleanDatasetId === baseline.datasetId)
    return "JOIN input i ON i.id = v.input_id JOIN verdict b ON b.input_id = i.clean_input_id";
  if (baseline.dataset.cleanDatasetId === run.datasetId)
    return "JOIN input i ON i.clean_input_id = v.input_id JOIN verdict b ON b.input_id = i.id";
  return `JOIN input i ON i.id = v.input_id JOIN input j ON j.clean_input_id = i.clean_input_id
    JOIN verdict b ON b.input_id = j.id`;
}

/** Shared inputs of two runs whose sides answer as asked; parameters $1 run, $2 baseline. */
export function pairedCondition(
  run: PairedRun,
  baseline: PairedRun,
  condition: string,
): Condition & { joins: string } {
  return {
    joins: pairing(run, baseline),
    sql: `v.run_id = $1::uuid AND b.run_id = $2::uuid AND ${condition}`,
    parameters: [run.id, baseline.id],
  };
}

/** Right in the baseline, wrong in the run; and the other way round. */
export const regression = "NOT b.misclassified AND v.misclassified";
export const fix = "b.misclassified AND NOT v.misclassified";

export interface PairedCounts {
  sharedInputs: number;
  /** Over the inputs that are labelled in both: how often each pair of faults occurs. */
  joint: JointCell[];
}

/** One pass over the shared inputs. */
export async function pairedCounts(
  { pool }: Pick<Context, "pool">,
  run: PairedRun,
  baseline: PairedRun,
): Promise<PairedCounts> {
  const { joins, sql, parameters } = pairedCondition(run, baseline, "TRUE");
  const { rows } = await pool.query<{ first: string | null; second: string | null; inputs: string }>(
    `SELECT v.fault AS first, b.fault AS second, count(*) AS inputs
     FROM verdict v ${joins} WHERE ${sql} GROUP BY v.fault, b.fault`,
    parameters,
  );
  let sharedInputs = 0;
  const joint: JointCell[] = [];
  for (const { first, second, inputs } of rows) {
    sharedInputs += Number(inputs);
    if (first !== null && second !== null) joint.push({ first, second, inputs: Number(inputs) });
  }
  return { sharedInputs, joint };
}
