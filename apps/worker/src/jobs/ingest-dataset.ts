import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import {
  claimArtifacts,
  IngestionError,
  type InputRow,
  ingestInputs,
  jobPayloads,
  type Split,
} from "@faultline/db";
import { InvalidArchiveError, readDatasetArchive } from "@faultline/inference";
import type { Task } from "graphile-worker";
import { z } from "zod";
import { isInterruption } from "../interrupted-jobs.ts";
import type { WorkerContext } from "../run/run-job.ts";
import { maximumAttempts } from "../run/run-state.ts";
import { waitForSpace } from "../run/wait-for-space.ts";

/** The upload cannot become this dataset; the message says why and what to do. */
class DatasetFailure extends Error {
  override readonly name = "DatasetFailure";
}

interface DatasetRow {
  id: string;
  projectId: string;
  classes: string[];
  cleanDatasetId: string | null;
}

const splitNames: Record<string, Split> = {
  alignment: "ALIGNMENT",
  train: "ALIGNMENT",
  calibration: "CALIBRATION",
  val: "CALIBRATION",
  validation: "CALIBRATION",
  test: "TEST",
};

/** Folder of unlabelled pictures, in the place of a class. */
const unlabelledFolder = "unlabelled";

/**
 * Reads a dataset's upload into inputs: pictures go to the artifact store by their hash, inputs to the database
 * by COPY, all or none. Afterwards the dataset is READY, or FAILED with a reason that people can act on.
 */
export function ingestDataset(context: WorkerContext): Task {
  return async (unparsed, helpers) => {
    const { job, abortSignal } = helpers;
    const payload = jobPayloads["ingest-dataset"].parse(unparsed);
    const { database, log } = context;
    const dataset = await database.prisma.dataset.findUnique({ where: { id: payload.datasetId } });
    if (dataset?.status !== "INGESTING") return;
    try {
      context.artifactStore.requireSpace();
      const inputs = payload.archiveSha256
        ? await archiveInputs(context, dataset, payload.archiveSha256, abortSignal)
        : manifestInputs(context, dataset, payload.manifestSha256 ?? "");
      const count = await ingestInputs(database.pool, dataset.id, someOf(inputs, abortSignal));
      log.info({ dataset: dataset.id, inputs: count }, "dataset ready");
    } catch (error) {
      if (isInterruption(error, { abortSignal })) throw error;
      if (await waitForSpace(error, helpers, log)) return;
      const lasting =
        error instanceof DatasetFailure ||
        error instanceof IngestionError ||
        error instanceof InvalidArchiveError;
      const message = error instanceof Error ? error.message : String(error);
      log.warn({ err: error, dataset: dataset.id }, "the dataset cannot be read");
      if (!lasting && job.attempts < Math.min(job.max_attempts, maximumAttempts)) throw error;
      await database.prisma.dataset.updateMany({
        where: { id: dataset.id, status: "INGESTING" },
        data: { status: "FAILED", error: message },
      });
    }
  };
}

/** The inputs as they come; an upload without any is refused before the dataset becomes READY. */
async function* someOf(
  inputs: Iterable<InputRow> | AsyncIterable<InputRow>,
  signal: AbortSignal,
): AsyncGenerator<InputRow> {
  let empty = true;
  for await (const input of inputs) {
    empty = false;
    signal.throwIfAborted();
    yield input;
  }
  if (empty)
    throw new DatasetFailure(
      "The dataset is empty: the upload holds no input. Pack pictures as split/class/file, or give manifest lines.",
    );
}

/** Stores the pictures of an ImageFolder archive; a picture that is damaged is found out when a run embeds it. */
async function archiveInputs(
  { artifactStore }: WorkerContext,
  dataset: DatasetRow,
  archiveSha256: string,
  signal: AbortSignal,
): Promise<InputRow[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-archive-"));
  try {
    const archive = path.join(folder, "archive");
    await pipeline(await artifactStore.stream(archiveSha256), createWriteStream(archive), { signal });
    const inputs: InputRow[] = [];
    const pending = new Set<Promise<void>>();
    for await (const image of readDatasetArchive(archive)) {
      signal.throwIfAborted();
      const input: InputRow = {
        externalId: image.id,
        split: splitOf(image.split, image.path),
        label: labelOf(dataset, image.className, image.path),
        // An attacked picture lies where its original lies in the clean archive.
        cleanExternalId: dataset.cleanDatasetId === null ? null : image.id,
      };
      inputs.push(input);
      const storing = artifactStore.put(image.bytes).then(({ sha256 }) => {
        input.imageSha256 = sha256;
        pending.delete(storing);
      });
      storing.catch(() => undefined);
      pending.add(storing);
      // Writes to the store wait for the disk: a few at once, so that many small pictures do not queue up.
      if (pending.size >= 16) await Promise.race(pending);
    }
    await Promise.all(pending);
    // Archives hold files in any order; by name, the same pictures make the same dataset.
    return inputs.sort((a, b) => (a.externalId < b.externalId ? -1 : 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function splitOf(name: string | null, where: string): Split {
  if (name === null) return "TEST";
  const split = splitNames[name.toLowerCase()];
  if (!split)
    throw new DatasetFailure(
      `"${where}" lies in no known split: name the outer folder alignment, calibration or test (train and val are read as alignment and calibration).`,
    );
  return split;
}

function labelOf({ classes }: DatasetRow, name: string, where: string): number | null {
  if (name === unlabelledFolder) return null;
  const label = classes.indexOf(name);
  if (label < 0)
    throw new DatasetFailure(
      `"${where}": "${name}" is not a class of the dataset (${classes.join(", ")}). Rename the folder, or put unlabelled pictures into "${unlabelledFolder}".`,
    );
  return label;
}

const manifestLine = z.strictObject({
  id: z.string().min(1),
  split: z.string(),
  label: z.string().nullish(),
  /** External id of the clean input that an attacked one came from. */
  cleanId: z.string().nullish(),
  /** Hash of an uploaded picture. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullish(),
});

/** The lines of a manifest, one after another: a million of them never lie in memory together. */
async function* manifestInputs(
  context: WorkerContext,
  dataset: DatasetRow,
  manifestSha256: string,
): AsyncGenerator<InputRow, void, undefined> {
  const stream = await context.artifactStore.stream(manifestSha256);
  let number = 0;
  let block: InputRow[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === "") continue;
    const where = `line ${number} of the manifest`;
    const { id, split, label, cleanId, sha256 } = parseLine(line, where);
    block.push({
      externalId: id,
      split: splitOf(split, where),
      label: label == null ? null : labelOf(dataset, label, where),
      imageSha256: sha256 ?? null,
      cleanExternalId: cleanId ?? (dataset.cleanDatasetId === null ? null : id),
    });
    if (block.length < 10_000) continue;
    await requireOwnedImages(context, dataset.projectId, block);
    yield* block;
    block = [];
  }
  await requireOwnedImages(context, dataset.projectId, block);
  yield* block;
}

function parseLine(line: string, where: string): z.infer<typeof manifestLine> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new DatasetFailure(`${where} is not JSON (${(error as Error).message}): write one object a line.`);
  }
  const parsed = manifestLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DatasetFailure(
    `${where}: ${issue.path.join(".") || "object"}: ${issue.message}. A line is {"id", "split", "label"?, "cleanId"?, "sha256"?}.`,
  );
}

/** Knowing a hash is not enough: a picture must have been uploaded to the dataset's project. */
async function requireOwnedImages(
  { database }: WorkerContext,
  projectId: string,
  inputs: readonly InputRow[],
): Promise<void> {
  const named = inputs.flatMap(({ imageSha256 }) => imageSha256 ?? []);
  if (named.length === 0) return;
  const owned = await claimArtifacts(database.pool, projectId, named);
  const foreign = named.find((sha256) => !owned.has(sha256));
  if (foreign !== undefined)
    throw new DatasetFailure(
      `The manifest names picture ${foreign}, which was not uploaded to this project: upload it first.`,
    );
}
