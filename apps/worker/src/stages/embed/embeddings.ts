import { createHash } from "node:crypto";
import { firstNotFinite, type Matrix, matrix, row } from "@faultline/core";
import { type EncoderSession, embedImages, type PoisonInput, tensorLength } from "@faultline/inference";
import { type Quarantined, quarantined, type StoredMatrix, storedMatrix, storeMatrix } from "@faultline/run";
import { z } from "zod";
import type { WorkerContext } from "../../queue/run-job.ts";

/** A matrix with one row an input of the shard; quarantined rows hold zeros. */
export interface ShardMatrix {
  stored: StoredMatrix;
  quarantined: Quarantined[];
}

const cachedMatrix = z.object({ matrix: storedMatrix, quarantined: z.array(quarantined) });

/** Rises whenever the same parts would give other bits, so that results of older code are not reused. */
const computation = 4;

/**
 * The result kept under a key, or `compute`'s, which is then kept. The key is a hash of everything that the
 * result is computed from, so a result is never out of date and serves every run of this installation.
 */
async function cached(
  { database, artifactStore }: WorkerContext,
  madeFrom: object,
  compute: () => Promise<{ values: Matrix; quarantined: Quarantined[] }>,
): Promise<ShardMatrix> {
  const key = createHash("sha256")
    .update(JSON.stringify({ computation, ...madeFrom }))
    .digest("hex");
  const { rows: kept } = await database.pool.query<{ sha256: string; rows: number; quarantined: unknown }>({
    name: "recall-shard-result",
    text: // What was used within two hours is never swept (artifact-sweep.ts), so not every use is worth a write to disk.
    `WITH used AS (UPDATE shard_result SET used_at = now() WHERE key = $1 AND used_at < now() - interval '1 hour')
     SELECT artifact_sha256 AS sha256, rows, quarantined FROM shard_result WHERE key = $1`,
    values: [key],
  });
  if (kept.length > 0 && (await artifactStore.has(kept[0].sha256))) {
    const { sha256, rows, quarantined: unusable } = kept[0];
    const bytes = await artifactStore.size(sha256);
    return cachedMatrixOf(sha256, rows, rows === 0 ? 0 : bytes / 4 / rows, unusable);
  }
  const { values, quarantined: unusable } = await compute();
  const stored = await storeMatrix(artifactStore, values);
  await database.pool.query({
    name: "keep-shard-result",
    text: `INSERT INTO shard_result (key, artifact_sha256, rows, quarantined) VALUES ($1, $2, $3, $4)
     ON CONFLICT (key) DO UPDATE SET artifact_sha256 = excluded.artifact_sha256, rows = excluded.rows,
       quarantined = excluded.quarantined, used_at = now()`,
    values: [key, stored.sha256, stored.rows, JSON.stringify(unusable)],
  });
  return { stored, quarantined: unusable };
}

function cachedMatrixOf(sha256: string, rows: number, columns: number, unusable: unknown): ShardMatrix {
  const { matrix: stored, quarantined: list } = cachedMatrix.parse({
    matrix: { sha256, offset: 0, rows, columns },
    quarantined: unusable,
  });
  return { stored, quarantined: list };
}

/**
 * Embeds the images of a shard by an encoder or image tower. Images that cannot be decoded, and rows that are
 * not finite or have no direction, are quarantined.
 *
 * @param network its hash, its preprocessing and the name that errors give it
 * @param images hashes of the shard's images, in order
 */
export function embedShardImages(
  context: WorkerContext,
  network: { sha256: string; preprocessing: unknown; field: string },
  images: readonly string[],
  signal: AbortSignal,
): Promise<ShardMatrix> {
  const { sha256, preprocessing, field } = network;
  return cached(context, { embeds: sha256, preprocessing, images }, () =>
    context.networks.withEncoder(sha256, preprocessing, field, async (encoder) => {
      const values = matrix(images.length, encoder.width);
      const unusable: Quarantined[] = [];
      const inputs = images.map((image, i) => ({
        id: String(i),
        read: () => context.artifactStore.read(image),
      }));
      const note = ({ id, reason }: PoisonInput) => unusable.push({ position: Number(id), reason });
      for await (const batch of embedImages(inputs, encoder, { batchSize: batchSize(encoder), signal })) {
        batch.ids.forEach((id, i) => {
          values.data.set(row(batch.embeddings, i), Number(id) * encoder.width);
        });
        batch.poison.forEach(note);
      }
      return { values, quarantined: quarantineUseless(values, unusable) };
    }),
  );
}

/** Logits of a shard's embeddings, by the head. */
export function headLogits(
  context: WorkerContext,
  headSha256: string,
  embeddings: ShardMatrix,
  read: () => Promise<Matrix>,
): Promise<ShardMatrix> {
  return cached(context, { head: headSha256, embeddings: embeddings.stored }, () =>
    context.networks.withHead(headSha256, embeddings.stored.columns, async (head) => {
      const values = await head.run(await read());
      return { values, quarantined: quarantineUseless(values, [], false) };
    }),
  );
}

/**
 * Images per inference call: fixed for a network, because other batch sizes may give other last bits. Large
 * images come in smaller batches, about 16 MB of tensor.
 */
function batchSize(encoder: EncoderSession): number {
  if (encoder.fixedBatchSize !== null) return encoder.fixedBatchSize;
  return Math.max(1, Math.min(48, Math.floor(4_000_000 / tensorLength(encoder.preprocessing))));
}

/**
 * Adds the rows that are not finite, or zero (no direction, so no cosine), to the quarantined ones, and blanks
 * every quarantined row. The list comes back in order of rows.
 */
export function quarantineUseless(
  values: Matrix,
  unusable: readonly Quarantined[],
  needsDirection = true,
): Quarantined[] {
  const reasons = new Map(unusable.map(({ position, reason }) => [position, reason]));
  for (let i = 0; i < values.rows; i++) {
    if (reasons.has(i)) continue;
    const held = row(values, i);
    const odd = firstNotFinite(held);
    if (odd >= 0) reasons.set(i, `value ${odd} is ${held[odd]}`);
    else if (needsDirection && held.every((value) => value === 0))
      reasons.set(i, "every value is 0, so that it has no direction");
  }
  for (const position of reasons.keys()) row(values, position).fill(0);
  return Array.from(reasons, ([position, reason]) => ({ position, reason })).sort(
    (a, b) => a.position - b.position,
  );
}
