import type { EmbeddingKind } from "@faultline/db";
import type { DatasetPlan } from "@faultline/run";
import { RunFailure } from "../../queue/run-failure.ts";
import type { WorkerContext } from "../../queue/run-job.ts";
import { locateMatrix } from "../brought-matrix.ts";
import type { RunSubject } from "../run-subject.ts";

/**
 * What the run reads of a dataset: the model's numbers of its classes, what was brought for it, and its roles, stored.
 *
 * @throws RunFailure naming what is missing or does not fit
 */
export async function planDataset(
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
