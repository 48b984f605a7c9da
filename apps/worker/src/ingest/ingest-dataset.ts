import {
  claimArtifacts,
  IngestionError,
  type InputRow,
  ingestInputs,
  jobPayloads,
  withScratchFolder,
} from "@faultline/db";
import { InvalidArchiveError } from "@faultline/inference";
import type { Task } from "graphile-worker";
import { isInterruption } from "../queue/interrupted-jobs.ts";
import type { WorkerContext } from "../queue/run-job.ts";
import { maximumAttempts } from "../queue/run-state.ts";
import { waitForSpace } from "../queue/wait-for-space.ts";
import { storeArchive } from "./archive-inputs.ts";
import { labelsOf, splitOf } from "./classification.ts";
import { DatasetFailure } from "./dataset-failure.ts";
import { failDataset } from "./fail-dataset.ts";
import { manifestLines } from "./manifest.ts";

interface DatasetRow {
  id: string;
  projectId: string;
  classes: string[];
  cleanDatasetId: string | null;
}

/**
 * Reads a dataset's upload into inputs: pictures go to the artifact store by their hash, inputs to the database
 * by COPY, all or none. Afterwards the dataset is READY, or FAILED with a reason that people can act on.
 *
 * It needs no process of its own: memory is bounded by what the readers of archives and manifests hold, some
 * 100 MB whatever is uploaded, and no picture is decoded here.
 */
export function ingestDataset(context: WorkerContext): Task {
  return async (unparsed, helpers) => {
    const { job, abortSignal } = helpers;
    const payload = jobPayloads["ingest-dataset"].parse(unparsed);
    const { database, artifactStore, log } = context;
    const dataset = await database.prisma.dataset.findUnique({ where: { id: payload.datasetId } });
    if (dataset?.status !== "INGESTING") return;
    try {
      artifactStore.requireSpace();
      const count = payload.archiveSha256
        ? await ingestArchive(context, dataset, payload.archiveSha256, abortSignal)
        : await ingestManifest(context, dataset, payload.manifestSha256 ?? "", abortSignal);
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
      await failDataset(database.pool, dataset.id, message);
    }
  };
}

/** Archives hold files in any order; by name, the same pictures make the same dataset. */
function ingestArchive(
  { database, artifactStore, scratch }: WorkerContext,
  dataset: DatasetRow,
  archiveSha256: string,
  signal: AbortSignal,
): Promise<number> {
  return withScratchFolder(scratch, async (folder) => {
    const inputs = await storeArchive(artifactStore, dataset, archiveSha256, folder, signal);
    return ingestInputs(database.pool, dataset.id, someOf(inputs, signal), "by-id");
  });
}

async function ingestManifest(
  context: WorkerContext,
  dataset: DatasetRow,
  manifestSha256: string,
  signal: AbortSignal,
): Promise<number> {
  const inputs = manifestInputs(context, dataset, manifestSha256);
  return ingestInputs(context.database.pool, dataset.id, someOf(inputs, signal));
}

/** The inputs as they come; an upload without any is refused before the dataset becomes READY. */
async function* someOf(inputs: AsyncIterable<InputRow>, signal: AbortSignal): AsyncGenerator<InputRow> {
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

/** The lines of a manifest, one after another: a million of them never lie in memory together. */
async function* manifestInputs(
  context: WorkerContext,
  dataset: DatasetRow,
  manifestSha256: string,
): AsyncGenerator<InputRow, void, undefined> {
  const labelOf = labelsOf(dataset.classes);
  let block: InputRow[] = [];
  for await (const { line, where } of manifestLines(await context.artifactStore.stream(manifestSha256))) {
    const { id, split, label, cleanId, sha256 } = line;
    block.push({
      externalId: id,
      split: splitOf(split, where),
      label: label == null ? null : labelOf(label, where),
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
