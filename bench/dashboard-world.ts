// A run of 100 classes on an axis of 500, for bench/dashboard.ts: its heatmaps are counted from strengths.
import { countHeatmap, encodeHeatmap, matrix, random } from "@faultline/core";
import { type Database, type Prisma, runConfigurationSchema } from "@faultline/db";
import { writeReport } from "./api-world.ts";

export const classes = Array.from({ length: 100 }, (_, k) => `class ${k}`);
export const concepts = Array.from({ length: 400 }, (_, c) => `concept ${c}`);
const width = classes.length + concepts.length;

/** Inputs of a class: a count of so few takes one byte, so the run's heatmaps take 25 MB. */
const inputsOfClass = 60;
const inputs = classes.length * inputsOfClass;

/** The project "bench" with one run. @returns the run's id in the database */
export async function createWideRun({ prisma }: Database): Promise<string> {
  const { id: projectId } = await prisma.project.create({ data: { slug: "bench", name: "Bench" } });
  const model = await prisma.model.create({
    data: {
      projectId,
      name: "classifier",
      versions: { create: { name: "v1", classes, embeddingWidth: 512 } },
    },
    include: { versions: true },
  });
  const vlm = await prisma.visionLanguageModel.create({
    data: { projectId, name: "clip", embeddingWidth: 512 },
  });
  const conceptSet = await prisma.conceptSet.create({
    data: {
      projectId,
      name: "attributes",
      version: 1,
      templates: ["a photo of {}"],
      concepts: { create: concepts.map((phrase, position) => ({ phrase, position })) },
    },
  });
  const dataset = await prisma.dataset.create({
    data: { projectId, name: "photos", classes, status: "READY", inputCount: inputs },
  });
  const run = await prisma.run.create({
    data: {
      projectId,
      name: "wide",
      modelVersionId: model.versions[0].id,
      visionLanguageModelId: vlm.id,
      conceptSetId: conceptSet.id,
      datasetId: dataset.id,
      configuration: runConfigurationSchema.parse({}) as Prisma.InputJsonObject,
      seed: 1,
      status: "SUCCEEDED",
    },
  });
  await writeReport({ prisma }, run.id, inputs, 1, { classes, concepts });
  for (const [classIndex] of classes.entries())
    await prisma.heatmap.create({
      data: {
        runId: run.id,
        kind: "GROUND_TRUTH",
        subset: "ALL",
        classIndex,
        inputs: inputsOfClass,
        counts: Uint8Array.from(encodeHeatmap(countHeatmap(strengthsOf(classIndex)))),
      },
    });
  return run.id;
}

/** Strengths of a class's inputs: each concept is about as strong as in the other classes of its group. */
function strengthsOf(classIndex: number) {
  const ofGroup = random(1000 + (classIndex % 12));
  const ofClass = random(2000 + classIndex);
  const means = Float64Array.from({ length: width }, () => ofGroup() + 0.5 * ofClass());
  const values = Float32Array.from(
    { length: inputsOfClass * width },
    (_, i) => means[i % width] + 0.6 * (ofClass() - 0.5),
  );
  return matrix(inputsOfClass, width, values);
}
