import { AlignmentAccumulator, selectRows } from "@faultline/core";
import {
  type DatasetPlan,
  datasetPlanOf,
  type EmbeddedShard,
  ROLE,
  readMatrix,
  rowsOf,
  type StoredMatrix,
} from "@faultline/run";
import type { Task } from "graphile-worker";
import type { WorkerContext } from "../../queue/run-job.ts";
import type { Shard } from "../../queue/run-state.ts";
import { shardJob } from "../../queue/stage-job.ts";
import { readPlan, readRoles } from "../plan/run-plan.ts";
import { loadRunSubject } from "../run-subject.ts";
import { embedShardImages, headLogits, quarantineUseless, type ShardMatrix } from "./embeddings.ts";

/** Embeddings, logits and VLM image embeddings of one shard: from the cache, from brought matrices, or computed. */
export function embedShard(context: WorkerContext): Task {
  const { database, artifactStore } = context;
  return shardJob("EMBED", context, async (job, shard, signal) => {
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

    const embedded: EmbeddedShard = {
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
    embedded.alignmentSha256 = await accumulateAlignment(context, embedded, roles);
    return { handOver: embedded, next: { inputs: 1 } };
  });
}

interface Network {
  sha256: string;
  preprocessing: unknown;
  field: string;
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
