// Finished runs without a worker: rows as the worker writes them, every number computed by packages/core from
// seeded random strengths. For tests of reading; what the worker itself writes is tested in /test.
import {
  AlignmentAccumulator,
  applyAlignment,
  calibrateDetector,
  strengths as conceptStrengths,
  countHeatmap,
  emptyVerdict,
  encodeAlignment,
  encodeHeatmap,
  fitAlignment,
  type Matrix,
  matrix,
  random,
  selectRows,
} from "@faultline/core";
import { type Fault, type Prisma, publishVerdicts, type VerdictRow } from "@faultline/db";
import { detectorOptions, type ReportDetails, runConfigurationSchema } from "@faultline/run";
import type { ApiUnderTest } from "./api-under-test.ts";

export const classes = ["truck", "car", "plane"];
export const concepts = ["wheels", "wings", "metallic"];
export const axis = [...concepts, ...classes];

const width = 6;

export interface World {
  projectId: string;
  modelId: string;
  modelVersionIds: string[];
  visionLanguageModelId: string;
  conceptSetId: string;
  datasetId: string;
  attackedDatasetId: string;
  attackTypeId: string;
}

/** A project with two model versions, a clean dataset of `inputs` test inputs (and 60 to calibrate), and an attacked one. */
export async function createWorld(
  { database }: Pick<ApiUnderTest, "database">,
  slug: string,
  inputs = 120,
): Promise<World> {
  const { prisma } = database;
  const { id: projectId } = await prisma.project.create({ data: { slug, name: slug } });
  const model = await prisma.model.create({
    data: {
      projectId,
      name: "classifier",
      versions: { create: ["v1.0", "v1.1"].map((name) => ({ name, classes, embeddingWidth: width })) },
    },
    include: { versions: { orderBy: { name: "asc" } } },
  });
  const vlm = await prisma.visionLanguageModel.create({
    data: { projectId, name: "clip", embeddingWidth: width },
  });
  const conceptSet = await prisma.conceptSet.create({
    data: {
      projectId,
      name: "parts",
      version: 1,
      templates: ["a photo of {}"],
      concepts: { create: concepts.map((phrase, position) => ({ phrase, position })) },
    },
  });
  const attackType = await prisma.attackType.create({
    data: { projectId, name: "FGSM 8/255", norm: "Linf", epsilon: 8 / 255 },
  });
  const dataset = await prisma.dataset.create({
    data: {
      projectId,
      name: "photos",
      classes,
      status: "READY",
      inputCount: inputs + 60,
      inputs: {
        create: Array.from({ length: inputs + 60 }, (_, position) => ({
          position,
          externalId: `photo-${position}`,
          split: position < 60 ? ("CALIBRATION" as const) : ("TEST" as const),
          label: position % 3,
        })),
      },
    },
    include: { inputs: { orderBy: { position: "asc" } } },
  });
  const attacked = await prisma.dataset.create({
    data: {
      projectId,
      name: "photos under FGSM",
      classes,
      status: "READY",
      inputCount: inputs,
      attackTypeId: attackType.id,
      cleanDatasetId: dataset.id,
      attackedModelVersionId: model.versions[0].id,
      inputs: {
        create: dataset.inputs.slice(60).map(({ id, externalId, label }, position) => ({
          position,
          externalId: `${externalId}-fgsm`,
          split: "TEST" as const,
          label,
          cleanInputId: id,
        })),
      },
    },
  });
  return {
    projectId,
    modelId: model.id,
    modelVersionIds: model.versions.map(({ id }) => id),
    visionLanguageModelId: vlm.id,
    conceptSetId: conceptSet.id,
    datasetId: dataset.id,
    attackedDatasetId: attacked.id,
    attackTypeId: attackType.id,
  };
}

export interface FinishedRun {
  id: string;
  strengths: Matrix;
  verdicts: VerdictRow[];
}

/** A run that succeeded; about a quarter of its answers are wrong, which ones is decided by the seed. */
export async function finishRun(
  api: Pick<ApiUnderTest, "database" | "artifactStore">,
  world: World,
  { seed = 1, modelVersion = 0, attacked = false } = {},
): Promise<FinishedRun> {
  const { prisma, pool } = api.database;
  const uniform = random(seed);
  const datasetId = attacked ? world.attackedDatasetId : world.datasetId;
  const configuration = runConfigurationSchema.parse({
    seed,
    falseAlarmRate: 0.2,
    minimumIncorrectInputs: 3,
  });
  const run = await prisma.run.create({
    data: {
      projectId: world.projectId,
      name: `run ${seed}`,
      modelVersionId: world.modelVersionIds[modelVersion],
      visionLanguageModelId: world.visionLanguageModelId,
      conceptSetId: world.conceptSetId,
      datasetId,
      configuration: configuration as Prisma.InputJsonObject,
      seed,
      status: "RUNNING",
      stage: "VERDICTS",
      startedAt: new Date(),
      progress: { create: { stage: "EMBED", done: 180, total: 180, finishedAt: new Date() } },
    },
  });

  // Embeddings in the classifier's space, mapped by a real alignment.
  const draw = (rows: number): Matrix =>
    matrix(
      rows,
      width,
      Float32Array.from({ length: rows * width }, () => uniform() * 2 - 1),
    );
  const sample = draw(64);
  const accumulator = new AlignmentAccumulator(width, width);
  accumulator.add(sample, draw(64));
  const alignment = fitAlignment(accumulator, { lambda: 1 });
  const conceptVectors = draw(axis.length);
  const strengthsOf = (embeddings: Matrix) =>
    conceptStrengths(applyAlignment(alignment, embeddings), conceptVectors);
  const predict = (label: number) => (uniform() < 0.25 ? (label + 1) % 3 : label);

  const calibrationStrengths = strengthsOf(draw(60));
  const calibration = {
    positions: Array.from({ length: 60 }, (_, i) => i),
    labels: Array.from({ length: 60 }, (_, i) => i % 3),
    predictions: Array.from({ length: 60 }, (_, i) => predict(i % 3)),
  };
  const detector = calibrateDetector(
    {
      strengths: calibrationStrengths,
      ...calibration,
      concepts: axis,
      classes,
      embedding: { alignment, conceptVectors },
    },
    { ...detectorOptions(configuration), similarity: configuration.similarity },
  );

  const inputs = await prisma.input.findMany({
    where: { datasetId, split: "TEST" },
    orderBy: { position: "asc" },
  });
  const strengths = strengthsOf(draw(inputs.length));
  const faults: Fault[] = ["ENCODER", "HEAD", "UNDECIDED"];
  const verdicts = inputs.map(({ id, externalId, label }, position): VerdictRow => {
    const predictedClass = predict(label as number);
    const own = strengths.data.subarray(position * axis.length, (position + 1) * axis.length);
    const judged = detector.checkStrengths(own, predictedClass, emptyVerdict());
    const misclassified = predictedClass !== label;
    return {
      inputId: id,
      position,
      externalId,
      label,
      predictedClass,
      oracleClass: label as number,
      confidence: 0.5 + uniform() / 2,
      verdict: judged.verdict,
      score: judged.score,
      threshold: Math.min(Number.MAX_VALUE, judged.threshold),
      misclassified,
      fault: misclassified ? faults[Math.floor(uniform() * 3)] : "NONE",
      concepts: judged.concepts.map(({ concept }) => concept),
    };
  });
  const put = async (values: Float32Array | Uint8Array) =>
    (await api.artifactStore.put(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))).sha256;
  const count = (matches: (verdict: VerdictRow) => unknown) => verdicts.filter(matches).length;
  const faultsOf = (matches: (verdict: VerdictRow) => unknown) => ({
    encoderFaults: count((v) => matches(v) && v.fault === "ENCODER"),
    headFaults: count((v) => matches(v) && v.fault === "HEAD"),
    undecidedFaults: count((v) => matches(v) && v.fault === "UNDECIDED"),
  });
  const responsible = {
    axis: "wheels",
    effect: 0.4,
    low: 0.2,
    high: 0.6,
    qValue: 0.01,
    significantCells: 3,
    exampleInputs: verdicts.slice(0, 2).map(({ externalId }) => externalId),
  };
  const interval = { value: 0.5, low: 0.4, high: 0.6 };
  const quality = { inputs: 12, r2: 0.7, meanCosine: 0.9, centredCosine: 0.8 };
  const details: ReportDetails = {
    alignment: {
      evaluated: quality,
      clean: attacked ? quality : null,
      heldOut: quality,
      lambda: 1,
      rank: width,
    },
    fidelity: axis.map((phrase) => ({ axis: phrase, correlation: 0.5 })),
    oracle: {
      errorOnCorrect: interval,
      zeroShotAccuracy: interval,
      margin: 0.01,
      agreement: [{ variant: "VLM_IMAGE", localised: 10, changed: 1 }],
      corrected: { encoder: interval, head: interval },
    },
    responsibleConcepts: [responsible],
    responsibleConceptsByClass: [{ classIndex: 0, concepts: [responsible] }],
    attackConcepts: attacked ? [responsible] : null,
    encoderExplanation: [{ axis: "wheels", shift: -1.5, qValue: 0.01 }],
    headExplanation: [{ trueClass: 0, predictedClass: 1, concepts: [{ axis: "wheels", weight: 0.3 }] }],
    detector: {
      similarity: configuration.similarity,
      falseAlarmRate: configuration.falseAlarmRate,
      threshold: Math.min(Number.MAX_VALUE, detector.model.references[0].threshold),
      pooledClasses: [2],
      measuredFalseAlarmRate: interval,
      measuredDetectionRate: interval,
      positives: "misclassified inputs",
      negatives: "correctly classified inputs",
      combinedKept: false,
    },
    calibration: {
      inputs: 60,
      strengthsSha256: await put(calibrationStrengths.data),
      inputsSha256: await put(Buffer.from(JSON.stringify(calibration))),
      conceptVectorsSha256: await put(conceptVectors.data),
    },
    warnings: [{ code: "FEW_ERRORS", message: "There are few errors." }],
  };
  const rowsWhere = (matches: (verdict: VerdictRow) => unknown) =>
    Uint32Array.from(verdicts.flatMap((verdict, i) => (matches(verdict) ? [i] : [])));
  const heatmaps: Prisma.HeatmapCreateManyInput[] = [];
  for (const [subset, wanted] of [
    ["ALL", () => true],
    ["CORRECT", (v: VerdictRow) => !v.misclassified],
    ["INCORRECT", (v: VerdictRow) => v.misclassified],
  ] as const)
    for (const classIndex of [-1, 0, 1, 2])
      for (const kind of ["GROUND_TRUTH", "OUTPUT_LABEL"] as const) {
        const rows = rowsWhere(
          (v) =>
            wanted(v) &&
            (classIndex < 0 || (kind === "GROUND_TRUTH" ? v.label : v.predictedClass) === classIndex),
        );
        const counts = Uint8Array.from(encodeHeatmap(countHeatmap(strengths, rows)));
        heatmaps.push({ runId: run.id, kind, subset, classIndex, inputs: rows.length, counts });
      }
  await prisma.runReport.create({
    data: {
      runId: run.id,
      axis,
      conceptCount: concepts.length,
      inputs: verdicts.length,
      labelled: verdicts.length,
      misclassified: count((v) => v.misclassified),
      quarantinedCount: 0,
      accuracy: 1 - count((v) => v.misclassified) / verdicts.length,
      ...faultsOf(() => true),
      details: details as unknown as Prisma.InputJsonObject,
      strengthsSha256: await put(strengths.data),
      vlmStrengthsSha256: await put(selectRows(strengths, Uint32Array.from(verdicts.keys()).reverse()).data),
      alignmentSha256: await put(encodeAlignment(alignment)),
      resultSha256: seed.toString(16).padStart(64, "0"),
    },
  });
  await prisma.heatmap.createMany({ data: heatmaps });
  await prisma.classReport.createMany({
    data: classes.map((_, classIndex) => ({
      runId: run.id,
      classIndex,
      inputs: count((v) => v.label === classIndex),
      correct: count((v) => v.label === classIndex && !v.misclassified),
      ...faultsOf((v) => v.label === classIndex),
    })),
  });
  await prisma.faultPair.createMany({
    data: classes.flatMap((_, trueClass) =>
      classes.flatMap((_, predictedClass) => {
        const isPair = (v: VerdictRow) => v.label === trueClass && v.predictedClass === predictedClass;
        return count(isPair) > 0
          ? [{ runId: run.id, trueClass, predictedClass, inputs: count(isPair), ...faultsOf(isPair) }]
          : [];
      }),
    ),
  });
  await prisma.detectorMetric.createMany({
    data: [configuration.similarity, "msp"].map((name, i) => ({
      runId: run.id,
      detector: name,
      semantic: i === 0,
      positives: 30,
      negatives: 90,
      auroc: 0.8 - i / 10,
      aurocLow: 0.6,
      aurocHigh: 0.9,
      auprIn: 0.7,
      auprOut: 0.6,
      fpr95: 0.4,
      aurc: 0.1,
      curves: {
        roc: [
          [0, 0, null],
          [0.5, 0.9, 0.1],
          [1, 1, null],
        ],
        riskCoverage: [
          [0.5, 0.1],
          [1, 0.25],
        ],
      },
    })),
  });
  await publishVerdicts(pool, { runId: run.id, attempt: 1, verdicts });
  return { id: run.id, strengths, verdicts };
}
