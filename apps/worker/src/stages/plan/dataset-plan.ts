import type { EmbeddingKind } from "@faultline/db";
import type { DatasetPlan } from "@faultline/run";
import type { WorkerContext } from "../../queue/run-job.ts";
import { locateMatrix } from "../brought-matrix.ts";
import type { RunSubject } from "../run-subject.ts";

/**
 * What the run reads of a dataset: the model's numbers of its classes, what was brought for it, and its roles, stored.
 * That they fit is known (`findObstacles`).
 *
 * @throws RunFailure when a brought artifact is no matrix of the size that it was registered with
 */
export async function planDataset(
  { database, artifactStore }: WorkerContext,
  { run }: RunSubject,
  datasetId: string,
  roles: Uint8Array,
): Promise<DatasetPlan> {
  const { modelVersion, visionLanguageModel } = run;
  const { classes, embeddings } = await database.prisma.dataset.findUniqueOrThrow({
    where: { id: datasetId },
    include: { embeddings: true },
  });
  const brought = async (kind: EmbeddingKind, owner: string) => {
    const set = embeddings.find(
      (held) => held.kind === kind && (held.modelVersionId ?? held.visionLanguageModelId) === owner,
    );
    return set ? locateMatrix(artifactStore, set.artifactSha256, set.rows, set.columns) : null;
  };
  return {
    datasetId,
    rolesSha256: (await artifactStore.put(roles)).sha256,
    classNumbers: classes.map((name) => modelVersion.classes.indexOf(name)),
    brought: {
      embedding: await brought("EMBEDDING", modelVersion.id),
      logits: await brought("LOGITS", modelVersion.id),
      imageEmbedding: await brought("IMAGE_EMBEDDING", visionLanguageModel.id),
    },
  };
}
