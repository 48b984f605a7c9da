import { type Database, verdictPartition } from "@faultline/db";
import { LRUCache } from "lru-cache";
import type { Source } from "../verdicts/verdict-page.ts";
import type { JointCell } from "./paired-shares.ts";

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

export interface PairedCounts {
  sharedInputs: number;
  /** Over the inputs that are labelled in both: how often each pair of faults occurs. */
  joint: JointCell[];
}

/**
 * How two runs agree on their shared inputs. Counting passes over all of them, and every page of regressions asks
 * anew; runs that succeeded do not change, so the counts of the last pairs stay in memory.
 */
export class KnownPairedCounts {
  readonly #known: LRUCache<string, Promise<PairedCounts>> | null;

  /** @param most pairs that are remembered; 0 for none */
  constructor(
    private readonly database: Pick<Database, "pool">,
    most: number,
  ) {
    this.#known = most > 0 ? new LRUCache({ max: most }) : null;
  }

  of(own: PairedRun, baseline: PairedRun): Promise<PairedCounts> {
    const pair = `${own.run.id} ${baseline.run.id}`;
    const known = this.#known?.get(pair);
    if (known) return known;
    const counts = this.#count(own, baseline);
    this.#known?.set(pair, counts);
    counts.catch(() => this.#known?.delete(pair));
    return counts;
  }

  async #count(own: PairedRun, baseline: PairedRun): Promise<PairedCounts> {
    const { from, sql, parameters } = pairedVerdicts(own, baseline, "TRUE");
    const { rows } = await this.database.pool.query<{
      first: string | null;
      second: string | null;
      inputs: string;
    }>(
      `SELECT v.fault AS first, b.fault AS second, count(*) AS inputs FROM ${from} WHERE ${sql}
       GROUP BY v.fault, b.fault`,
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
}
