import type { Database } from "@faultline/db";
import { LRUCache } from "lru-cache";
import type { JointCell } from "./paired-shares.ts";
import { type PairedRun, pairedVerdicts } from "./paired-verdicts.ts";

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
