import { verdictPartition } from "@faultline/db";
import type { Source } from "../verdicts/condition.ts";

/** What pairing needs of a run, which has succeeded. */
export interface PairedRun {
  run: { id: string; attempt: number; datasetId: string };
  /** The dataset that the run's dataset is an attack on; null where it is clean itself. */
  cleanDatasetId: string | null;
}

/**
 * The verdicts `v` of a run, joined to the baseline's verdicts `b` by the input that both evaluated, whose sides
 * answer as asked. Within one dataset the input is the same row. Across datasets an attacked input stands for its
 * clean one.
 */
export function pairedVerdicts(
  own: PairedRun,
  baseline: PairedRun,
  condition: string,
): Source & { from: string } {
  return {
    from: `${verdictPartition(own.run.id, own.run.attempt)} v ${pairing(own, baseline)}`,
    sql: `v.run_id = $1::uuid AND b.run_id = $2::uuid AND ${condition}`,
    parameters: [own.run.id, baseline.run.id],
  };
}

function pairing(own: PairedRun, baseline: PairedRun): string {
  const verdicts = `${verdictPartition(baseline.run.id, baseline.run.attempt)} b`;
  const datasetId = baseline.run.datasetId;
  if (own.run.datasetId === datasetId) return `JOIN ${verdicts} ON b.input_id = v.input_id`;
  if (own.cleanDatasetId === datasetId)
    return `JOIN input i ON i.id = v.input_id JOIN ${verdicts} ON b.input_id = i.clean_input_id`;
  if (baseline.cleanDatasetId === own.run.datasetId)
    return `JOIN input i ON i.clean_input_id = v.input_id JOIN ${verdicts} ON b.input_id = i.id`;
  return `JOIN input i ON i.id = v.input_id JOIN input j ON j.clean_input_id = i.clean_input_id
    JOIN ${verdicts} ON b.input_id = j.id`;
}

/** Right in the baseline, wrong in the run; and the other way round. */
export const regression = "NOT b.misclassified AND v.misclassified";
export const fix = "b.misclassified AND NOT v.misclassified";
