import { AlignmentAccumulator, selectRows } from "@faultline/core";
import type { Task } from "graphile-worker";
import { z } from "zod";
import { type DatasetPlan, datasetPlanOf, readPlan, readRoles } from "../run/plan.ts";
import { runJob, type WorkerContext } from "../run/run-job.ts";
import { finishShard, runReference, type Shard, startStage, unfinishedShard } from "../run/run-state.ts";
import { loadRunSubject, type RunSubject } from "../run/run-subject.ts";
import {
  embedShardImages,
  headLogits,
  quarantined,
  quarantineUseless,
  type ShardMatrix,
} from "../shards/embeddings.ts";
import { ROLE } from "../shards/roles.ts";
import { readMatrix, rowsOf, type StoredMatrix, storedMatrix } from "../shards/stored-matrix.ts";

export const shardJob = runReference.extend({ shard: z.int() });

/** What the EMBED stage hands over, for one shard: a row an input, in order of position. */
export const embeddedShard = z.object({
  embedding: storedMatrix,
  logits: storedMatrix,
  imageEmbedding: storedMatrix,
  /** Rows that no later stage uses. */
  quarantined: z.array(quarantined),
  /** Artifact of the AlignmentAccumulator over its rows that fit the alignment; null when it has none. */
  alignmentSha256: z.string().nullable(),
});
export type EmbeddedShard = z.infer<typeof embeddedShard>;

/** Embeddings, logits and VLM image embeddings of one shard: from the cache, from brought matrices, or computed. */
export function embedShard(context: WorkerContext): Task {
  return runJob("embed-shard", shardJob, context, async (job, { database, artifactStore }, signal) => {
    const shard = await unfinishedShard(database.pool, job.runId, "EMBED", job.shard);
    if (!shard) return;
    const subject = await loadRunSubject(database, job);
    const plan = datasetPlanOf(await readPlan(database.pool, job), shard.datasetId);

    const { modelVersion, visionLanguageModel } = subject.run;
    const images = await readImages(context, shard, plan);
    const embed = async (brought: StoredMatrix | null, network: Network): Promise<ShardMatrix> =>
      brought
        ? checkBrought(context, rowsOf(brought, shard.firstPosition, shard.endPosition), network.field)
        : embedShardImages(context, network, images, signal);
    // Both networks at once: while one computes, the other's images are decoded.
    const [embedding, imageEmbedding] = await Promise.all([
      embed(plan.brought.embedding, {
        sha256: modelVersion.encoderSha256 ?? "",
        preprocessing: modelVersion.preprocessing,
        field: "encoder",
      }),
      embed(plan.brought.imageEmbedding, {
        sha256: visionLanguageModel.imageTowerSha256 ?? "",
        preprocessing: visionLanguageModel.preprocessing,
        field: "image tower",
      }),
    ]);
    signal.throwIfAborted();
    const logits = plan.brought.logits
      ? await checkBrought(
          context,
          rowsOf(plan.brought.logits, shard.firstPosition, shard.endPosition),
          "logits",
        )
      : await headLogits(context, modelVersion.headSha256 ?? "", embedding, () =>
          readMatrix(artifactStore, embedding.stored),
        );

    const result: EmbeddedShard = {
      embedding: embedding.stored,
      logits: logits.stored,
      imageEmbedding: imageEmbedding.stored,
      quarantined: merge([
        ["", embedding],
        ["logits: ", logits],
        ["VLM: ", imageEmbedding],
      ]),
      alignmentSha256: null,
    };
    const roles = await readRoles(artifactStore, plan, shard);
    result.alignmentSha256 = await accumulateAlignment(context, result, roles);
    await finishShard(database.pool, job, "EMBED", job.shard, result, (client) =>
      startStage(client, job, "ALIGN", "align", [alignStage(subject)]),
    );
  });
}

interface Network {
  sha256: string;
  preprocessing: unknown;
  field: string;
}

/** ALIGN is one job over all shards. */
function alignStage({ run }: RunSubject): Shard {
  return { datasetId: run.datasetId, firstPosition: 0, endPosition: 0, inputs: 1 };
}

/** Hashes of the shard's images; none when brought matrices make them unnecessary. */
async function readImages({ database }: WorkerContext, shard: Shard, plan: DatasetPlan): Promise<string[]> {
  if (plan.brought.embedding && plan.brought.imageEmbedding) return [];
  const { rows } = await database.pool.query<{ image: string }>({
    name: "shard-images",
    text: `SELECT image_sha256 AS image FROM input
     WHERE dataset_id = $1 AND position >= $2 AND position < $3 ORDER BY position`,
    values: [shard.datasetId, shard.firstPosition, shard.endPosition],
  });
  return rows.map(({ image }) => image);
}

async function checkBrought(
  { artifactStore }: WorkerContext,
  stored: StoredMatrix,
  field: string,
): Promise<ShardMatrix> {
  const values = await readMatrix(artifactStore, stored);
  return { stored, quarantined: quarantineUseless(values, [], field !== "logits") };
}

function merge(parts: [string, ShardMatrix][]): EmbeddedShard["quarantined"] {
  const reasons = new Map<number, string>();
  for (const [prefix, part] of parts)
    for (const { position, reason } of part.quarantined)
      if (!reasons.has(position)) reasons.set(position, prefix + reason);
  return Array.from(reasons, ([position, reason]) => ({ position, reason })).sort(
    (a, b) => a.position - b.position,
  );
}

/** The normal equations of the shard's fitting rows, as an artifact; null when it has no such row. */
async function accumulateAlignment(
  { artifactStore }: WorkerContext,
  shard: EmbeddedShard,
  roles: Uint8Array,
): Promise<string | null> {
  const unusable = new Set(shard.quarantined.map(({ position }) => position));
  const fitting: number[] = [];
  for (const [row, bits] of roles.entries())
    if (bits & ROLE.ALIGNMENT && !(bits & ROLE.HELD_OUT) && !unusable.has(row)) fitting.push(row);
  if (fitting.length === 0) return null;
  const x = selectRows(await readMatrix(artifactStore, shard.embedding), fitting);
  const y = selectRows(await readMatrix(artifactStore, shard.imageEmbedding), fitting);
  const accumulator = new AlignmentAccumulator(x.columns, y.columns).add(x, y);
  return (await artifactStore.put(accumulator.encode())).sha256;
}
