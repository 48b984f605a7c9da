import { type EmbeddingKind, jobPayloads, type Split } from "@faultline/db";
import type { Task } from "graphile-worker";
import type pg from "pg";
import { type DatasetPlan, findPlan, type RunPlan } from "../run/plan.ts";
import { RunFailure } from "../run/run-failure.ts";
import { runJob, type WorkerContext } from "../run/run-job.ts";
import { changeRun, finishShard, type Shard, startStage } from "../run/run-state.ts";
import { loadRunSubject, type RunSubject } from "../run/run-subject.ts";
import { cutShards } from "../shards/cut.ts";
import { assignRoles, type InputColumns, ROLE } from "../shards/roles.ts";
import { locateMatrix } from "../shards/stored-matrix.ts";

/** Class heatmaps of a run take classes × axis² counts, some ten times over; this keeps a worker under 1 GB. */
const maximumHeatmapCells = 15_000_000;

/**
 * The first job of a run: checks that its parts fit together, gives every input its roles, cuts the shards and
 * opens the EMBED stage. What an earlier attempt left is dropped (cached shard results stay).
 */
export function planRun(context: WorkerContext): Task {
  return runJob("plan-run", jobPayloads["plan-run"], context, async (reference, { database }) => {
    const { pool } = database;
    const { runId, attempt } = reference;
    // The job may run again though it finished (its worker died before the queue heard of it).
    if ((await findPlan(pool, runId))?.attempt === attempt) return;
    const subject = await loadRunSubject(database, reference);
    await requireReady(context, subject);
    await changeRun(pool, reference, async (client) => {
      await client.query(
        `UPDATE run SET status = 'RUNNING', stage = 'PLAN', error = NULL, finished_at = NULL,
           started_at = CASE WHEN status = 'QUEUED' THEN now() ELSE started_at END WHERE id = $1`,
        [runId],
      );
      await client.query("DELETE FROM run_progress WHERE run_id = $1", [runId]);
      await client.query("DELETE FROM run_shard WHERE run_id = $1", [runId]);
      await client.query(
        `INSERT INTO run_shard (run_id, stage, shard, dataset_id, first_position, end_position, inputs)
         VALUES ($1, 'PLAN', 0, $2, 0, 0, 0)`,
        [runId, subject.run.datasetId],
      );
    });

    const baseInputs = await readInputs(pool, subject.baseDatasetId);
    const attackedInputs = subject.attacked ? await readInputs(pool, subject.run.datasetId) : undefined;
    const roles = assignRoles(baseInputs, attackedInputs, subject.configuration);
    requireInputs(roles.base, roles.attacked);

    const base = await planDataset(context, subject, subject.baseDatasetId, roles.base);
    const shards = shardsOf(base, baseInputs, roles.base, subject.configuration.shardSize);
    const plan: RunPlan = { attempt, datasets: [base], warnings: roles.warnings };
    if (attackedInputs && roles.attacked) {
      const attacked = await planDataset(context, subject, subject.run.datasetId, roles.attacked);
      shards.push(...shardsOf(attacked, attackedInputs, roles.attacked, subject.configuration.shardSize));
      plan.datasets.push(attacked);
    }

    await finishShard(pool, reference, "PLAN", 0, plan, (client) =>
      startStage(client, reference, "EMBED", "embed-shard", shards),
    );
  });
}

/** Checks what can be known before any input is read. @throws RunFailure naming what does not fit */
async function requireReady({ database }: WorkerContext, subject: RunSubject): Promise<void> {
  const { run, configuration } = subject;
  const { modelVersion, conceptSet } = run;
  const ids = new Set([run.datasetId, subject.baseDatasetId]);
  const datasets = await database.prisma.dataset.findMany({ where: { id: { in: [...ids] } } });
  for (const dataset of datasets) {
    if (dataset.status === "INGESTING")
      throw new RunFailure(`Dataset "${dataset.name}" is still being read: start the run once it is READY.`);
    if (dataset.status === "FAILED")
      throw new RunFailure(`Dataset "${dataset.name}" could not be read: ${dataset.error}`);
  }
  const axis = new Set(conceptSet.concepts.map((concept) => concept.phrase));
  if (configuration.includeClassConcepts) for (const name of modelVersion.classes) axis.add(name);
  if (axis.size < 2)
    throw new RunFailure(
      `The axis has ${axis.size} entry: strengths are compared in pairs, so a run needs at least 2 concepts (classes may count, see includeClassConcepts).`,
    );
  const cells = modelVersion.classes.length * axis.size ** 2;
  if (cells > maximumHeatmapCells)
    throw new RunFailure(
      `${modelVersion.classes.length} classes and ${axis.size} concepts make ${cells} heatmap cells, ${maximumHeatmapCells} are the limit: use fewer concepts, or set includeClassConcepts to false.`,
    );
}

function requireInputs(base: Uint8Array, attacked: Uint8Array | undefined): void {
  const count = (roles: Uint8Array, role: number) =>
    roles.reduce((sum, bits) => sum + (bits & role ? 1 : 0), 0);
  if (count(attacked ?? base, ROLE.EVALUATED) === 0)
    throw new RunFailure(
      "There is no input to evaluate: the dataset's test split is empty. Upload a dataset with a TEST split.",
    );
  const fitted = count(base, ROLE.ALIGNMENT) - count(base, ROLE.HELD_OUT);
  if (fitted < 2)
    throw new RunFailure(
      `Only ${fitted} inputs can fit the alignment, at least 2 are needed (hundreds, to be of use): add an ALIGNMENT split of unlabelled images to the ${attacked ? "clean " : ""}dataset.`,
    );
}

/** A dataset's columns; read in pieces, and as text, so that a million inputs do not become a million objects. */
async function readInputs(
  pool: pg.Pool,
  datasetId: string,
): Promise<InputColumns & { content: Uint32Array }> {
  const step = 100_000;
  const splits: Split[] = [];
  const cleanPositions: number[] = [];
  const content: number[] = [];
  let complete = true;
  for (let read = step; read === step; ) {
    const { rows } = await pool.query<{ splits: string | null; cleans: string; contents: string }>(
      `SELECT string_agg(input.split::text, ',' ORDER BY input.position) AS splits,
         string_agg(coalesce(clean.position, -1)::text, ',' ORDER BY input.position) AS cleans,
         string_agg(coalesce(left(input.image_sha256, 8), ''), ',' ORDER BY input.position) AS contents
       FROM input LEFT JOIN input clean ON clean.id = input.clean_input_id
       WHERE input.dataset_id = $1 AND input.position >= $2 AND input.position < $2 + $3::int`,
      [datasetId, splits.length, step],
    );
    const [{ splits: found, cleans, contents }] = rows;
    if (found === null) break;
    const part = found.split(",") as Split[];
    read = part.length;
    for (const split of part) splits.push(split);
    for (const position of cleans.split(",")) cleanPositions.push(Number(position));
    for (const hash of contents.split(",")) {
      if (hash === "") complete = false;
      else content.push(Number.parseInt(hash, 16));
    }
  }
  return {
    splits,
    cleanPositions: Int32Array.from(cleanPositions),
    content: Uint32Array.from(complete ? content : []),
  };
}

async function planDataset(
  { database, artifactStore }: WorkerContext,
  { run }: RunSubject,
  datasetId: string,
  roles: Uint8Array,
): Promise<DatasetPlan> {
  const { modelVersion, visionLanguageModel } = run;
  const dataset = await database.prisma.dataset.findUniqueOrThrow({
    where: { id: datasetId },
    include: { embeddings: true },
  });
  const classNumbers = dataset.classes.map((name) => {
    const number = modelVersion.classes.indexOf(name);
    if (number < 0)
      throw new RunFailure(
        `Class "${name}" of dataset "${dataset.name}" is none of the model's classes (${modelVersion.classes.join(", ")}): rename it in the dataset.`,
      );
    return number;
  });
  const brought = async (kind: EmbeddingKind, owner: string, columns: number) => {
    const set = dataset.embeddings.find(
      (held) => held.kind === kind && (held.modelVersionId ?? held.visionLanguageModelId) === owner,
    );
    if (!set) return null;
    const name = kind.toLowerCase().replace("_", " ");
    if (set.rows !== dataset.inputCount || set.columns !== columns)
      throw new RunFailure(
        `The brought ${name} matrix of dataset "${dataset.name}" is ${set.rows}×${set.columns}, but ${dataset.inputCount}×${columns} is needed.`,
      );
    return locateMatrix(artifactStore, set.artifactSha256, set.rows, set.columns);
  };
  const matrices = {
    embedding: await brought("EMBEDDING", modelVersion.id, modelVersion.embeddingWidth),
    logits: await brought("LOGITS", modelVersion.id, modelVersion.classes.length),
    imageEmbedding: await brought(
      "IMAGE_EMBEDDING",
      visionLanguageModel.id,
      visionLanguageModel.embeddingWidth,
    ),
  };
  const require = (present: unknown, what: string, remedy: string) => {
    if (!present) throw new RunFailure(`Dataset "${dataset.name}" has no ${what}: ${remedy}`);
  };
  require(matrices.embedding ??
    modelVersion.encoderSha256, "embeddings", "the model version has no encoder, so upload the embeddings of this dataset (addEmbeddingSet).");
  require(matrices.logits ??
    modelVersion.headSha256, "logits", "the model version has no head, so upload the logits of this dataset (addEmbeddingSet).");
  require(matrices.imageEmbedding ??
    visionLanguageModel.imageTowerSha256, "VLM image embeddings", "the VLM has no image tower, so upload the image embeddings of this dataset (addEmbeddingSet).");
  if (!(matrices.embedding && matrices.imageEmbedding)) {
    const imageless = await database.pool.query<{ external_id: string }>(
      "SELECT external_id FROM input WHERE dataset_id = $1 AND image_sha256 IS NULL LIMIT 1",
      [datasetId],
    );
    require(imageless.rowCount ===
      0, `image for input "${imageless.rows[0]?.external_id}"`, "upload images, or the embeddings and image embeddings of the whole dataset.");
  }
  const { sha256 } = await artifactStore.put(roles);
  return { datasetId, rolesSha256: sha256, classNumbers, brought: matrices };
}

function shardsOf(
  { datasetId, brought }: DatasetPlan,
  { content }: { content: Uint32Array },
  roles: Uint8Array,
  shardSize: number,
): Shard[] {
  // Brought matrices are sliced by position; only images have a content that cached results can follow.
  const byContent = content.length === roles.length && !(brought.embedding && brought.imageEmbedding);
  return cutShards(roles.length, shardSize, byContent ? content : undefined)
    .map(({ first, end }) => ({
      datasetId,
      firstPosition: first,
      endPosition: end,
      inputs: roles.subarray(first, end).reduce((sum, bits) => sum + (bits ? 1 : 0), 0),
    }))
    .filter((shard) => shard.inputs > 0);
}
