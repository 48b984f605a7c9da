// A run of 100 classes on an axis of 500, for bench/dashboard.ts: its heatmaps are counted from strengths.
import { countHeatmap, encodeHeatmap, matrix, random } from "@faultline/core";
import type { Database } from "@faultline/db";
import { writeReport } from "./api-world.ts";
import { createRun, registerProject } from "./registered-project.ts";

export const classes = Array.from({ length: 100 }, (_, k) => `class ${k}`);
export const concepts = Array.from({ length: 400 }, (_, c) => `concept ${c}`);
const width = classes.length + concepts.length;

/** Inputs of a class: a count of so few takes one byte, so the run's heatmaps take 25 MB. */
const inputsOfClass = 60;
const inputs = classes.length * inputsOfClass;

/** The project "bench" with one run. @returns the run's id in the database */
export async function createWideRun({ prisma }: Database): Promise<string> {
  const project = await registerProject({ prisma }, { classes, concepts, versions: 1 });
  await prisma.dataset.update({
    where: { id: project.datasetId },
    data: { status: "READY", inputCount: inputs },
  });
  const runId = await createRun({ prisma }, project, 0, "SUCCEEDED");
  await writeReport({ prisma }, runId, inputs, 1, { classes, concepts });
  for (const [classIndex] of classes.entries())
    await prisma.heatmap.create({
      data: {
        runId,
        kind: "GROUND_TRUTH",
        subset: "ALL",
        classIndex,
        inputs: inputsOfClass,
        counts: Uint8Array.from(encodeHeatmap(countHeatmap(strengthsOf(classIndex)))),
      },
    });
  return runId;
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
