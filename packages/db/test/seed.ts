import type { Database } from "../src/index.ts";

/** The smallest project in which a run may exist: `classes` classes and no inputs yet. */
export async function seedRun({ prisma }: Database, { classes = ["cat", "dog"], slug = "seed" } = {}) {
  const project = await prisma.project.create({ data: { slug, name: "Seed" } });
  const projectId = project.id;
  const model = await prisma.model.create({ data: { projectId, name: "model" } });
  const version = await prisma.modelVersion.create({
    data: { modelId: model.id, name: "1", classes, embeddingWidth: 8 },
  });
  const vlm = await prisma.visionLanguageModel.create({
    data: { projectId, name: "vlm", embeddingWidth: 16 },
  });
  const conceptSet = await prisma.conceptSet.create({
    data: {
      projectId,
      name: "concepts",
      version: 1,
      templates: ["a photo of {}"],
      concepts: { create: [{ position: 0, phrase: "wheels" }] },
    },
  });
  const dataset = await prisma.dataset.create({ data: { projectId, name: "clean", classes } });
  const run = await prisma.run.create({
    data: {
      projectId,
      name: "run",
      modelVersionId: version.id,
      visionLanguageModelId: vlm.id,
      conceptSetId: conceptSet.id,
      datasetId: dataset.id,
      configuration: {},
      seed: 1,
      status: "RUNNING",
    },
  });
  return { project, model, version, vlm, conceptSet, dataset, run };
}
