// What runs need before they can be written: one project with a model, a VLM, a concept set and a dataset.

import type { Database, Prisma } from "@faultline/db";
import { runConfigurationSchema } from "@faultline/run";

export interface RegisteredProject {
  id: string;
  classes: string[];
  concepts: string[];
  modelVersionIds: string[];
  visionLanguageModelId: string;
  conceptSetId: string;
  datasetId: string;
}

/** The project "bench", whose model has so many versions. Its dataset has no inputs yet. */
export async function registerProject(
  { prisma }: Pick<Database, "prisma">,
  { classes, concepts, versions }: { classes: string[]; concepts: string[]; versions: number },
): Promise<RegisteredProject> {
  const { id } = await prisma.project.create({ data: { slug: "bench", name: "Bench" } });
  const model = await prisma.model.create({
    data: {
      projectId: id,
      name: "classifier",
      versions: {
        create: Array.from({ length: versions }, (_, i) => ({
          name: `v${i}`,
          classes,
          embeddingWidth: 512,
        })),
      },
    },
    include: { versions: true },
  });
  const vlm = await prisma.visionLanguageModel.create({
    data: { projectId: id, name: "clip", embeddingWidth: 512 },
  });
  const conceptSet = await prisma.conceptSet.create({
    data: {
      projectId: id,
      name: "attributes",
      version: 1,
      templates: ["a photo of {}"],
      concepts: { create: concepts.map((phrase, position) => ({ phrase, position })) },
    },
  });
  const dataset = await prisma.dataset.create({ data: { projectId: id, name: "photos", classes } });
  return {
    id,
    classes,
    concepts,
    modelVersionIds: model.versions.map((version) => version.id),
    visionLanguageModelId: vlm.id,
    conceptSetId: conceptSet.id,
    datasetId: dataset.id,
  };
}

/** A run of one of the project's model versions. @returns its id in the database */
export async function createRun(
  { prisma }: Pick<Database, "prisma">,
  project: RegisteredProject,
  version: number,
  status: "RUNNING" | "SUCCEEDED",
): Promise<string> {
  const { id } = await prisma.run.create({
    data: {
      projectId: project.id,
      name: `run ${version}`,
      modelVersionId: project.modelVersionIds[version],
      visionLanguageModelId: project.visionLanguageModelId,
      conceptSetId: project.conceptSetId,
      datasetId: project.datasetId,
      configuration: runConfigurationSchema.parse({ seed: version }) as Prisma.InputJsonObject,
      seed: version,
      status,
    },
  });
  return id;
}
