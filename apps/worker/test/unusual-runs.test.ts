import type { ReportDetails } from "@faultline/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TarFile } from "../../../demo/world/tar.ts";
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

describe("unusual runs", () => {
  let fixture: WorkerFixture;
  let model: { modelVersionId: string; visionLanguageModelId: string; conceptSetId: string };

  beforeAll(async () => {
    fixture = await workerFixture();
    const { registration } = fixture;
    model = {
      modelVersionId: await registerMenagerieVersion(registration, "v1.0"),
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases),
    };
  });
  afterAll(() => fixture.close());

  async function runOn(archive: Buffer, more: object = {}) {
    const { registration } = fixture;
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    expect(dataset.error).toBeNull();
    const run = await registration.finished(
      await registration.startRun({
        ...model,
        datasetId: dataset.id,
        configuration: { ...configuration, ...more },
      }),
    );
    const details = (run.report?.details ?? null) as unknown as ReportDetails | null;
    return { ...run, details, warnings: details?.warnings.map(({ code }) => code) ?? [] };
  }

  const pictures = (folder: string, count: number, inside = folder): TarFile[] =>
    menagerieFiles()
      .filter(({ name }) => name.startsWith(`${inside}/`))
      .slice(0, count)
      .map(({ name, content }) => ({ name: `${folder}/${name.split("/").at(-1)}`, content }));

  it("quarantines poison inputs with their reason and goes on", async () => {
    const [whole] = pictures("test/frog", 1);
    const poison: TarFile[] = [
      { name: "test/frog/aa-empty.png", content: Buffer.alloc(0) },
      { name: "test/frog/ab-cut.png", content: whole.content.subarray(0, 200) },
      { name: "test/frog/ac-text.png", content: Buffer.from("not a picture") },
      { name: "calibration/cat/ad-cut.png", content: whole.content.subarray(0, 300) },
    ];
    const run = await runOn(menagerieArchive({ alignment: 10, calibration: 10, test: 20 }, poison));
    expect(run).toMatchObject({ status: "SUCCEEDED", report: { inputs: 75, quarantinedCount: 4 } });
    expect(run.warnings).toContain("QUARANTINED_INPUTS");
    const { prisma } = fixture.registration.database;
    const quarantined = await prisma.quarantinedInput.findMany({
      where: { runId: run.id },
      include: { input: true },
      orderBy: { input: { externalId: "asc" } },
    });
    expect(quarantined.map(({ input }) => input.externalId)).toEqual([
      "calibration/cat/ad-cut",
      "test/frog/aa-empty",
      "test/frog/ab-cut",
      "test/frog/ac-text",
    ]);
    for (const { reason } of quarantined) expect(reason).toMatch(/PNG|decoded/);
    expect(await prisma.verdict.count({ where: { runId: run.id } })).toBe(75);
  });

  it("fails with the reason when every input to evaluate is poison", async () => {
    const bad = { name: "test/frog/bad.png", content: Buffer.from("nothing") };
    const run = await runOn(menagerieArchive({ alignment: 20, calibration: 20 }, [bad]));
    expect(run).toMatchObject({ status: "FAILED", report: null });
    expect(run.error).toMatch(/all are quarantined/);
  });

  it("gives verdicts but no faults for unlabelled inputs", async () => {
    const run = await runOn(
      menagerieArchive({ alignment: 10, calibration: 10 }, pictures("test/unlabelled", 30, "test/frog")),
    );
    expect(run).toMatchObject({
      error: null,
      report: { inputs: 30, labelled: 0, misclassified: 0, accuracy: null },
    });
    expect(run.warnings).toContain("UNLABELLED");
    const { prisma } = fixture.registration.database;
    const verdicts = await prisma.verdict.findMany({ where: { runId: run.id } });
    expect(verdicts).toHaveLength(30);
    for (const { label, fault, misclassified } of verdicts)
      expect({ label, fault, misclassified }).toEqual({ label: null, fault: null, misclassified: null });
    const kinds = await prisma.heatmap.findMany({
      where: { runId: run.id },
      select: { kind: true, subset: true },
    });
    expect(new Set(kinds.map(({ kind, subset }) => `${kind} ${subset}`))).toEqual(
      new Set(["OUTPUT_LABEL ALL"]),
    );
  });

  it("replaces missing splits and says so", async () => {
    const run = await runOn(menagerieArchive({ test: 5 }));
    expect(run).toMatchObject({ status: "SUCCEEDED", report: { inputs: 210 } });
    expect(run.warnings).toEqual(expect.arrayContaining(["NO_CALIBRATION_SPLIT", "NO_ALIGNMENT_SPLIT"]));
  });

  it("takes one class without errors: no detector, no metrics, no NaN", async () => {
    const run = await runOn(
      menagerieArchive({ alignment: 10 }, [...pictures("calibration/frog", 12), ...pictures("test/frog", 5)]),
    );
    expect(run.error).toBeNull();
    expect(run.warnings).toEqual(
      expect.arrayContaining(["DETECTOR_NOT_CALIBRATED", "NO_METRICS", "FEW_ERRORS"]),
    );
    expect(JSON.stringify(run.details)).not.toMatch(/NaN/);
    const { prisma } = fixture.registration.database;
    expect(await prisma.detectorMetric.count({ where: { runId: run.id } })).toBe(0);
    const verdicts = await prisma.verdict.findMany({ where: { runId: run.id } });
    expect(verdicts.map(({ verdict, threshold }) => ({ verdict, threshold }))).toEqual(
      Array.from({ length: 5 }, () => ({ verdict: "OK", threshold: Number.MAX_VALUE })),
    );
  });

  it("fails with a named reason where there is nothing to evaluate or to fit on", async () => {
    expect((await runOn(menagerieArchive({ alignment: 20, calibration: 20 }))).error).toMatch(
      /test split is empty/,
    );
    const tiny = menagerieArchive({}, [
      ...pictures("alignment/frog", 1, "test/frog"),
      ...pictures("test/frog", 4),
    ]);
    expect((await runOn(tiny)).error).toMatch(/can fit the alignment, at least 2/);
  });

  it("refuses a class that the model does not know", async () => {
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 100 }, pictures("test/newt", 3, "test/frog"));
    const dataset = await registration.dataset({ classes: ["newt"], archive });
    const run = await registration.finished(await registration.startRun({ ...model, datasetId: dataset.id }));
    expect(run.error).toMatch(/has no class "newt" of dataset /);
  });

  it("maps the dataset's classes to the model's by name", async () => {
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 10, calibration: 10, test: 10 });
    const reversed = await registration.dataset({ classes: [...menagerie.classes].reverse(), archive });
    const run = await registration.finished(
      await registration.startRun({ ...model, datasetId: reversed.id, configuration }),
    );
    expect(run.report?.accuracy).toBeGreaterThan(0.8);
    const straight = await runOn(archive);
    expect(run.report?.resultSha256).toBe(straight.report?.resultSha256);
  });

  it("fails when the tokenizer's words leave nothing to embed, not for ever", async () => {
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 20, calibration: 20, test: 20 });
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    const conceptSetId = await registration.conceptSet(["wheels", "!!!"], ["{}"]);
    const run = await registration.finished(
      await registration.startRun({ ...model, conceptSetId, datasetId: dataset.id, configuration }),
    );
    expect(run.status).toBe("FAILED");
    expect(run.error).toMatch(/!!!/);
  });
});
