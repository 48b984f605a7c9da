import type { Pool, PoolClient } from "pg";
import pg from "pg";
import { type CopyEncoder, copyRows, encodeField, uuidBytes } from "./copy-encoder.ts";
import { Split } from "./generated/enums.ts";

/** One input of a dataset; its position is its place in the sequence. */
export interface InputRow {
  /** Unique within the dataset. */
  externalId: string;
  split: Split;
  /** Index into the dataset's classes; null when unlabelled. */
  label: number | null;
  imageSha256?: string | null;
  /** For attacked datasets: the external id, in the clean dataset, of the input that this one came from. */
  cleanExternalId?: string | null;
}

export type IngestionErrorCode =
  | "DATASET_NOT_FOUND"
  | "DUPLICATE_EXTERNAL_ID"
  | "LABEL_OUT_OF_RANGE"
  | "UNKNOWN_CLEAN_INPUT"
  | "NOT_ATTACKED";

/** The inputs cannot be ingested; nothing was written. */
export class IngestionError extends Error {
  override readonly name = "IngestionError";
  constructor(
    readonly code: IngestionErrorCode,
    message: string,
    /** The input at fault, where it is one. */
    readonly externalId?: string,
  ) {
    super(message);
  }
}

export type InputOrder = "given" | "by-id";

interface DatasetState {
  input_count: number;
  class_count: number;
  clean_dataset_id: string | null;
}

/**
 * Appends inputs to a dataset by COPY, all or none, and marks it READY. Positions go on from the dataset's last
 * one. An attacked input without a label takes that of its clean input.
 *
 * @param order `given`, or `by-id`: the database sorts them by their external ids' UTF-8 bytes
 * @returns the number of inputs added
 * @throws IngestionError
 */
export async function ingestInputs(
  pool: Pool,
  datasetId: string,
  inputs: Iterable<InputRow> | AsyncIterable<InputRow>,
  order: InputOrder = "given",
): Promise<number> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const { rows } = await client.query<DatasetState>(
      `SELECT input_count, cardinality(classes) AS class_count, clean_dataset_id
       FROM dataset WHERE id = $1 FOR UPDATE`,
      [datasetId],
    );
    const dataset = rows[0];
    if (!dataset) throw new IngestionError("DATASET_NOT_FOUND", `Dataset ${datasetId} does not exist`);
    const count = await (dataset.clean_dataset_id === null ? copyInputs : copyAttackedInputs)(
      client,
      datasetId,
      dataset,
      inputs,
      order,
    );
    await client.query(
      `UPDATE dataset SET input_count = input_count + $2, status = 'READY', error = NULL WHERE id = $1`,
      [datasetId, count],
    );
    await client.query("COMMIT");
    return count;
  } catch (error) {
    await client.query("ROLLBACK").catch((failure: Error) => {
      broken = failure;
    });
    throw translate(error);
  } finally {
    client.release(broken);
  }
}

async function copyInputs(
  client: PoolClient,
  datasetId: string,
  dataset: DatasetState,
  inputs: Iterable<InputRow> | AsyncIterable<InputRow>,
  order: InputOrder,
): Promise<number> {
  const id = encodeField(uuidBytes(datasetId));
  const encodeInput = inputEncoder(dataset);
  const sorted = order === "by-id";
  const table = sorted ? "unsorted_input" : "input";
  if (sorted)
    await client.query(
      `CREATE TEMPORARY TABLE unsorted_input (dataset_id uuid, position integer, external_id text, split "Split",
         label integer, image_sha256 char(64)) ON COMMIT DROP`,
    );
  const count = await copyRows(
    client,
    `COPY ${table} (dataset_id, position, external_id, split, label, image_sha256) FROM STDIN (FORMAT binary)`,
    inputs,
    (encoder, input) => {
      if (input.cleanExternalId != null) {
        throw new IngestionError(
          "NOT_ATTACKED",
          `Input "${input.externalId}" names a clean input, but its dataset names no clean dataset`,
          input.externalId,
        );
      }
      encoder.row(6);
      encoder.field(id);
      encodeInput(encoder, input);
    },
  );
  if (sorted)
    await client.query(
      `INSERT INTO input (dataset_id, position, external_id, split, label, image_sha256)
       SELECT dataset_id, $1 + row_number() OVER (ORDER BY external_id COLLATE "C") - 1, external_id, split, label,
         image_sha256
       FROM unsorted_input ORDER BY external_id COLLATE "C"`,
      [dataset.input_count],
    );
  return count;
}

async function copyAttackedInputs(
  client: PoolClient,
  datasetId: string,
  dataset: DatasetState,
  inputs: Iterable<InputRow> | AsyncIterable<InputRow>,
  order: InputOrder,
): Promise<number> {
  await client.query(
    `CREATE TEMPORARY TABLE attacked_input (
       position integer, external_id text, split "Split", label integer, image_sha256 char(64),
       clean_external_id text) ON COMMIT DROP`,
  );
  const encodeInput = inputEncoder(dataset);
  const count = await copyRows(
    client,
    "COPY attacked_input FROM STDIN (FORMAT binary)",
    inputs,
    (encoder, input) => {
      encoder.row(6);
      encodeInput(encoder, input);
      encoder.text(input.cleanExternalId ?? null);
    },
  );
  await client.query("ANALYZE attacked_input");
  const unknown = await client.query<{ external_id: string; clean_external_id: string | null }>(
    `SELECT attacked.external_id, attacked.clean_external_id FROM attacked_input attacked
     WHERE NOT EXISTS (SELECT 1 FROM input clean
       WHERE clean.dataset_id = $1 AND clean.external_id = attacked.clean_external_id)
     ORDER BY attacked.position LIMIT 1`,
    [dataset.clean_dataset_id],
  );
  if (unknown.rows.length > 0) {
    const { external_id, clean_external_id } = unknown.rows[0];
    throw new IngestionError(
      "UNKNOWN_CLEAN_INPUT",
      clean_external_id === null
        ? `Attacked input "${external_id}" does not say which clean input it came from`
        : `Attacked input "${external_id}" came from "${clean_external_id}", which the clean dataset does not have`,
      external_id,
    );
  }
  const sequence = order === "by-id" ? 'attacked.external_id COLLATE "C"' : "attacked.position";
  await client.query(
    `INSERT INTO input (dataset_id, position, external_id, split, label, image_sha256, clean_input_id)
     SELECT $2, $3 + row_number() OVER (ORDER BY ${sequence}) - 1, attacked.external_id, attacked.split, coalesce(attacked.label, clean.label),
       attacked.image_sha256, clean.id
     FROM attacked_input attacked
     JOIN input clean ON clean.dataset_id = $1 AND clean.external_id = attacked.clean_external_id
     ORDER BY ${sequence}`,
    [dataset.clean_dataset_id, datasetId, dataset.input_count],
  );
  return count;
}

/** Writes position, external id, split, label and image hash. */
function inputEncoder(dataset: DatasetState): (encoder: CopyEncoder, input: InputRow) => void {
  const splits = Object.fromEntries(Object.values(Split).map((split) => [split, encodeField(split)]));
  let position = dataset.input_count;
  return (encoder, input) => {
    const { externalId, label } = input;
    if (label !== null && !(Number.isInteger(label) && label >= 0 && label < dataset.class_count)) {
      throw new IngestionError(
        "LABEL_OUT_OF_RANGE",
        `Input "${externalId}" has label ${label}; the dataset has classes 0 to ${dataset.class_count - 1}`,
        externalId,
      );
    }
    encoder.int32(position++);
    encoder.text(externalId);
    encoder.field(splits[input.split]);
    encoder.int32(label);
    encoder.text(input.imageSha256 ?? null);
  };
}

function translate(error: unknown): unknown {
  if (error instanceof pg.DatabaseError && error.constraint === "input_dataset_id_external_id_key") {
    // Key (dataset_id, external_id)=(…, NAME) already exists.
    const externalId = /=\([^,]*, (.*)\) already exists/s.exec(error.detail ?? "")?.[1];
    return new IngestionError(
      "DUPLICATE_EXTERNAL_ID",
      `The dataset has more than one input with the external id "${externalId}"`,
      externalId,
    );
  }
  return error;
}
