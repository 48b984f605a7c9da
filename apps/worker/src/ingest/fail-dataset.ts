import { briefly } from "@faultline/core";
import type pg from "pg";

/** Ends a dataset's ingestion as FAILED with a reason that people can act on. Does nothing to one that has ended. */
export async function failDataset(
  client: pg.Pool | pg.PoolClient,
  datasetId: string,
  reason: string,
): Promise<void> {
  // A reason may quote what was uploaded, at length; and texts of PostgreSQL hold no NUL.
  await client.query(
    "UPDATE dataset SET status = 'FAILED', error = $2 WHERE id = $1 AND status = 'INGESTING'",
    [datasetId, briefly(reason.replaceAll("\0", "\ufffd"))],
  );
}
