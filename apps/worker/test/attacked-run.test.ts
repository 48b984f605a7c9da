import { readFileSync } from "node:fs";
import type { ReportDetails } from "@faultline/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packTar, unpackTar } from "../../../demo/world/tar.ts";
import {
  demoFile,
  menagerie,
  menagerieArchive,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "./menagerie.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const configuration = { shardSize: 64, bootstrapReplicates: 100 };

describe("an attacked run", () => {
  let fixture: WorkerFixture;
  beforeAll(async () => {
    fixture = await workerFixture();
  });
  afterAll(() => fixture.close());

  it("judges attacked inputs beside their clean originals, which are not embedded again", async () => {
    const { registration } = fixture;
    const { prisma } = registration.database;
    const clean = await registration.dataset({
      classes: menagerie.classes,
      archive: menagerieArchive({ alignment: 8, calibration: 5, test: 1 }),
    });
    const fgsm = menagerie.attacks.find(({ name }) => name === "FGSM");
    const pictures = unpackTar(readFileSync(demoFile(fgsm?.archive ?? ""))).filter((_, i) => i % 6 === 0);
    const modelVersionId = await registerMenagerieVersion(registration, "v1.0");
    const attacked = await registration.dataset({
      classes: menagerie.classes,
      archive: packTar(pictures),
      cleanDatasetId: clean.id,
      attackedModelVersionId: modelVersionId,
    });
    expect(attacked.error).toBeNull();
    const parts = {
      modelVersionId,
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
      configuration,
    };
    const cleanRun = await registration.finished(
      await registration.startRun({ ...parts, datasetId: clean.id }),
    );
    expect(cleanRun.error).toBeNull();
    const before = await prisma.shardResult.aggregate({ _sum: { rows: true } });
    const run = await registration.finished(
      await registration.startRun({ ...parts, datasetId: attacked.id }),
    );
    expect(run.error).toBeNull();
    const after = await prisma.shardResult.aggregate({ _sum: { rows: true } });
    expect((after._sum.rows ?? 0) - (before._sum.rows ?? 0)).toBe(3 * pictures.length);

    const details = run.report?.details as unknown as ReportDetails;
    expect(run.report?.inputs).toBe(pictures.length);
    expect(run.report?.accuracy).toBeLessThan(0.2);
    expect(details.alignment.clean?.inputs).toBe(pictures.length);
    expect(details.alignment.clean?.r2).toBeGreaterThan(details.alignment.evaluated.r2 + 0.3);
    expect(details.attackConcepts?.length).toBeGreaterThan(0);
    expect(details.detector).toMatchObject({
      positives: "attacked inputs that are misclassified",
      negatives: "clean originals that are classified correctly",
    });
    const cleanHeatmaps = await prisma.heatmap.findMany({
      where: { runId: run.id, subset: "CLEAN", classIndex: -1 },
    });
    expect(cleanHeatmaps.map(({ inputs }) => inputs)).toEqual([pictures.length, pictures.length]);

    // The negatives are the clean originals: those that the clean run found correct.
    const attackedIds = await prisma.input.findMany({ where: { datasetId: attacked.id } });
    const correct = await prisma.verdict.count({
      where: {
        runId: cleanRun.id,
        misclassified: false,
        inputId: { in: attackedIds.flatMap(({ cleanInputId }) => cleanInputId ?? []) },
      },
    });
    const [metric] = await prisma.detectorMetric.findMany({ where: { runId: run.id } });
    expect(metric).toMatchObject({ positives: run.report?.misclassified, negatives: correct });
  });
});
