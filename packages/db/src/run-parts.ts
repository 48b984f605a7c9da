import type { PrismaClient } from "./generated/client.ts";

/** The parts of a run that is, or is to be, started. */
export interface RunPartIds {
  modelVersionId: string;
  visionLanguageModelId: string;
  conceptSetId: string;
  datasetId: string;
}

/** What is to be known of a run's parts to tell whether it can succeed: `findObstacles` of @faultline/run reads it. */
export async function readRunParts(prisma: PrismaClient, ids: RunPartIds) {
  const { modelVersionId, visionLanguageModelId } = ids;
  const [modelVersion, visionLanguageModel, conceptSet, dataset] = await Promise.all([
    prisma.modelVersion.findUniqueOrThrow({ where: { id: modelVersionId } }),
    prisma.visionLanguageModel.findUniqueOrThrow({
      where: { id: visionLanguageModelId },
      include: { phraseEmbeddings: { select: { phrases: true } } },
    }),
    prisma.conceptSet.findUniqueOrThrow({
      where: { id: ids.conceptSetId },
      include: { concepts: { select: { phrase: true } } },
    }),
    prisma.dataset.findUniqueOrThrow({ where: { id: ids.datasetId }, select: { cleanDatasetId: true } }),
  ]);
  const datasetIds = [ids.datasetId, ...(dataset.cleanDatasetId ? [dataset.cleanDatasetId] : [])];
  return {
    modelVersion,
    visionLanguageModel: {
      ...visionLanguageModel,
      phrases: visionLanguageModel.phraseEmbeddings.flatMap(({ phrases }) => phrases),
    },
    conceptSet: {
      phrases: conceptSet.concepts.map(({ phrase }) => phrase),
      templates: conceptSet.templates,
    },
    datasets: await Promise.all(
      datasetIds.map((id) => readDataset(prisma, id, modelVersionId, visionLanguageModelId)),
    ),
  };
}

async function readDataset(
  prisma: PrismaClient,
  id: string,
  modelVersionId: string,
  visionLanguageModelId: string,
) {
  const { embeddings, ...dataset } = await prisma.dataset.findUniqueOrThrow({
    where: { id },
    include: {
      embeddings: {
        where: { OR: [{ modelVersionId }, { visionLanguageModelId }] },
        select: { kind: true, rows: true, columns: true },
      },
    },
  });
  const kinds = new Set(embeddings.map(({ kind }) => kind));
  // Looking for one goes through all inputs; with both matrices nobody asks for images.
  const needsImages = !(kinds.has("EMBEDDING") && kinds.has("IMAGE_EMBEDDING"));
  const imageless = needsImages
    ? await prisma.input.findFirst({
        where: { datasetId: id, imageSha256: null },
        select: { externalId: true },
      })
    : null;
  return { ...dataset, brought: embeddings, imageless: imageless?.externalId ?? null };
}
