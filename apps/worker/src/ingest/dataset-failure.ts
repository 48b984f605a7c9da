import { briefly } from "@faultline/core";
import type pg from "pg";

/** The upload cannot become this dataset; the message says why and what to do. */
export class DatasetFailure extends Error {
  override readonly name = "DatasetFailure";
}

/** Ends a dataset as FAILED with a reason that people can act on. Does nothing to one that is no longer INGESTING. */
export async function failDataset(
  client: pg.Pool | pg.PoolClient,
  datasetId: string,
  reason: string,
): Promise<void> {
  // A reason may quote what was uploaded, and PostgreSQL's texts hold no NUL.
  await client.query(
    "UPDATE dataset SET status = 'FAILED', error = $2 WHERE id = $1 AND status = 'INGESTING'",
    [datasetId, briefly(reason.replaceAll("\0", "\ufffd"))],
  );
}
