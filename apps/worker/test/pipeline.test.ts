import {
  calibrateDetector,
  countHeatmap,
  decodeAlignment,
  decodeHeatmap,
  type Matrix,
  matrix,
} from "@faultline/core";
import {
  type CalibrationInputs,
  detectorOptions,
  type ReportDetails,
  runConfigurationSchema,
} from "@faultline/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  menagerie,
  menagerieArchive,
  menagerieFiles,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "./menagerie.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const configuration = { shardSize: 64, bootstrapReplicates: 100 };

describe("a run, end to end on Menagerie", () => {
  let fixture: WorkerFixture;
  let parts: {
    modelVersionId: string;
    visionLanguageModelId: string;
    conceptSetId: string;
    datasetId: string;
  };
  let runId: string;

  beforeAll(async () => {
    fixture = await workerFixture();
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 8, calibration: 5, test: 5 });
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    expect(dataset).toMatchObject({ status: "READY", inputCount: 250 + 500 + 300 });
    parts = {
      modelVersionId: await registerMenagerieVersion(registration, "v1.1"),
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
      datasetId: dataset.id,
    };
    runId = await registration.startRun({ ...parts, configuration });
    const run = await registration.finished(runId);
    expect(run).toMatchObject({ status: "SUCCEEDED", error: null, stage: "VERDICTS" });
  });
  afterAll(() => fixture.close());

  async function readReport(id = runId) {
    const report = await fixture.registration.database.prisma.runReport.findUniqueOrThrow({
      where: { runId: id },
    });
    return { ...report, details: report.details as unknown as ReportDetails };
  }

  async function readFloats(sha256: string, columns: number): Promise<Matrix> {
    const bytes = await fixture.registration.store.read(sha256);
    const data = new Float32Array(new Uint8Array(bytes).buffer);
    return matrix(data.length / columns, columns, data);
  }

  it("gives each evaluated input one verdict that agrees with the report", async () => {
    const { prisma } = fixture.registration.database;
    const report = await readReport();
    const verdicts = await prisma.verdict.findMany({ where: { runId }, orderBy: { position: "asc" } });
    const inputs = await prisma.input.findMany({
      where: { datasetId: parts.datasetId, split: "TEST" },
      orderBy: { position: "asc" },
    });
    expect(report.inputs).toBe(300);
    expect(verdicts.map(({ inputId }) => inputId)).toEqual(inputs.map(({ id }) => id));
    expect(verdicts.map(({ externalId }) => externalId)).toEqual(inputs.map(({ externalId }) => externalId));
    expect(verdicts.map(({ label }) => label)).toEqual(inputs.map(({ label }) => label));
    expect(verdicts.map(({ position }) => position)).toEqual(inputs.map((_, i) => i));
    const count = (test: (verdict: (typeof verdicts)[number]) => boolean) => verdicts.filter(test).length;
    expect(report.misclassified).toBe(count(({ label, predictedClass }) => label !== predictedClass));
    expect(report.misclassified).toBe(count(({ misclassified }) => misclassified === true));
    expect(report.accuracy).toBeCloseTo(1 - report.misclassified / 300, 12);
    expect(report.encoderFaults).toBe(count(({ fault }) => fault === "ENCODER"));
    expect(report.headFaults).toBe(count(({ fault }) => fault === "HEAD"));
    expect(report.undecidedFaults).toBe(count(({ fault }) => fault === "UNDECIDED"));
    expect(report.encoderFaults + report.headFaults + report.undecidedFaults).toBe(report.misclassified);
    expect(count(({ verdict, score, threshold }) => (verdict === "DEFECT") !== score > threshold)).toBe(0);
    const pairs = await prisma.faultPair.findMany({ where: { runId } });
    expect(pairs.reduce((sum, pair) => sum + pair.inputs, 0)).toBe(300);
    for (const { trueClass, predictedClass, inputs: n } of pairs)
      expect(n).toBe(
        count((verdict) => verdict.label === trueClass && verdict.predictedClass === predictedClass),
      );
  });

  it("stores heatmaps that a recount of the strengths gives exactly", async () => {
    const { prisma } = fixture.registration.database;
    const report = await readReport();
    const strengths = await readFloats(report.strengthsSha256, report.axis.length);
    const vlmStrengths = await readFloats(report.vlmStrengthsSha256, report.axis.length);
    expect(strengths.rows).toBe(300);
    expect(vlmStrengths.rows).toBe(300);
    const verdicts = await prisma.verdict.findMany({ where: { runId }, orderBy: { position: "asc" } });
    const heatmaps = await prisma.heatmap.findMany({ where: { runId } });
    expect(heatmaps.length).toBeGreaterThan(40);
    for (const { kind, subset, classIndex, inputs, counts } of heatmaps) {
      const rows = verdicts.flatMap(({ label, predictedClass, misclassified }, i) => {
        const own = kind === "GROUND_TRUTH" ? label : predictedClass;
        const inClass = classIndex === -1 || own === classIndex;
        const inSubset = subset === "ALL" || misclassified === (subset === "INCORRECT");
        return inClass && inSubset ? [i] : [];
      });
      expect(inputs).toBe(rows.length);
      expect(decodeHeatmap(counts).counts).toEqual(countHeatmap(strengths, rows).counts);
    }
  });

  it("hands over what makes the run's detector again, to the bit", async () => {
    const { database, store } = fixture.registration;
    const { axis, alignmentSha256, strengthsSha256, details } = await readReport();
    const calibration = JSON.parse(
      (await store.read(details.calibration.inputsSha256)).toString("utf8"),
    ) as CalibrationInputs;
    const conceptVectors = await readFloats(details.calibration.conceptVectorsSha256, 128);
    const alignment = decodeAlignment(await store.read(alignmentSha256));
    const options = runConfigurationSchema.parse(configuration);
    const detector = calibrateDetector(
      {
        strengths: await readFloats(details.calibration.strengthsSha256, axis.length),
        ...calibration,
        concepts: axis,
        classes: menagerie.classes,
        embedding: { alignment, conceptVectors },
      },
      { ...detectorOptions(options), similarity: options.similarity },
    );
    const strengths = await readFloats(strengthsSha256, axis.length);
    const verdicts = await database.prisma.verdict.findMany({
      where: { runId },
      orderBy: { position: "asc" },
    });
    const scores = detector.scores(
      strengths,
      verdicts.map(({ predictedClass }) => predictedClass),
    );
    expect(verdicts.map(({ score }) => score)).toEqual(Array.from(scores));
  });

  it("measures ours and the baselines on the same inputs, and says how good the map is", async () => {
    const { prisma } = fixture.registration.database;
    const { misclassified, details } = await readReport();
    const metrics = await prisma.detectorMetric.findMany({ where: { runId } });
    expect(metrics.map(({ detector }) => detector).sort()).toEqual([
      "combined",
      "cosine",
      "energy",
      "entropy",
      "gen",
      "jaccard",
      "knn",
      "l1",
      "log-likelihood-ratio",
      "mahalanobis",
      "msp",
      "vlm-disagreement",
    ]);
    for (const metric of metrics) {
      expect(metric.positives).toBe(misclassified);
      expect(metric.negatives).toBe(300 - misclassified);
      expect(metric.aurocLow).toBeLessThanOrEqual(metric.auroc);
      expect(metric.aurocHigh).toBeGreaterThanOrEqual(metric.auroc);
    }
    expect(details.alignment.evaluated.inputs).toBe(300);
    expect(details.alignment.heldOut?.inputs).toBe(50);
    expect(details.alignment.evaluated.r2).toBeGreaterThan(0.2);
    expect(details.oracle.zeroShotAccuracy.value).toBeGreaterThan(0.9);
    expect(JSON.stringify(details)).not.toContain("NaN");
  });

  it("reports progress of every stage", async () => {
    const progress = await fixture.registration.database.prisma.runProgress.findMany({ where: { runId } });
    expect(progress.map(({ stage }) => stage).sort()).toEqual([
      "ALIGN",
      "EMBED",
      "REPORT",
      "STRENGTHS",
      "VERDICTS",
    ]);
    for (const { done, total, finishedAt } of progress) {
      expect(done).toBe(total);
      expect(finishedAt).not.toBeNull();
    }
    expect(progress.find(({ stage }) => stage === "EMBED")?.total).toBe(1050);
  });

  it("embeds nothing again for another concept set, and repeats a run to the bit", async () => {
    const { registration } = fixture;
    const { prisma } = registration.database;
    const before = await prisma.shardResult.count();
    const conceptSetId = await registration.conceptSet(["fur", "wheels", "sea"]);
    const other = await registration.finished(
      await registration.startRun({
        ...parts,
        conceptSetId,
        configuration: { ...configuration, includeClassConcepts: false },
      }),
    );
    expect(other).toMatchObject({ status: "SUCCEEDED" });
    expect((await readReport(other.id)).axis).toEqual(["fur", "wheels", "sea"]);
    const again = await registration.finished(await registration.startRun({ ...parts, configuration }));
    expect(await prisma.shardResult.count()).toBe(before);
    expect(again.report?.resultSha256).toBe((await readReport()).resultSha256);
    expect(other.report?.resultSha256).not.toBe((await readReport()).resultSha256);
  });

  it("embeds only the shards that added inputs fall into", async () => {
    const { registration } = fixture;
    const { prisma } = registration.database;
    const results = async () => (await prisma.shardResult.aggregate({ _sum: { rows: true } }))._sum.rows ?? 0;
    const before = await results();
    const added = menagerieFiles()
      .filter(({ name }) => name.startsWith("test/frog/"))
      .slice(0, 3);
    const archive = menagerieArchive({ alignment: 8, calibration: 5, test: 5 }, added);
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    expect(dataset.inputCount).toBe(1053);
    const run = await registration.finished(
      await registration.startRun({ ...parts, datasetId: dataset.id, configuration }),
    );
    expect(run).toMatchObject({ status: "SUCCEEDED" });
    // Three results a shard: embeddings, logits, image embeddings. The three frogs lie in at most two shards.
    expect((await results()) - before).toBeLessThanOrEqual(3 * 2 * 96);
    expect((await results()) - before).toBeGreaterThan(0);
  });

  it("gives the same bits with another number of jobs at once", async () => {
    const alone = await workerFixture(1);
    try {
      const { registration } = alone;
      const archive = menagerieArchive({ alignment: 8, calibration: 5, test: 5 });
      const dataset = await registration.dataset({ classes: menagerie.classes, archive });
      const run = await registration.finished(
        await registration.startRun({
          modelVersionId: await registerMenagerieVersion(registration, "v1.1"),
          visionLanguageModelId: await registerMenagerieVlm(registration),
          conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
          datasetId: dataset.id,
          configuration,
        }),
      );
      expect(run.report?.resultSha256).toBe((await readReport()).resultSha256);
    } finally {
      await alone.close();
    }
  });
});
