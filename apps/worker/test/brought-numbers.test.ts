import { existsSync, readFileSync } from "node:fs";
import { type Matrix, matrix, selectRows } from "@faultline/core";
import { readMatrix, readNumbers } from "@faultline/inference";
import type { ReportDetails } from "@faultline/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

// Real CLIP ViT-B/32 and ResNet-20 numbers of 350 CIFAR-10 photographs; not part of the product.
const folder = new URL("../../../../shared/data/clip-vitb32/", import.meta.url).pathname;
const present = existsSync(folder);
if (!present) console.warn(`skipped: the CLIP ViT-B/32 test data are not in ${folder}`);

const classes = ["Airplane", "Car", "Bird", "Cat", "Deer", "Dog", "Frog", "Horse", "Boat", "Truck"];
const concepts = [
  "Animal",
  "Vehicle",
  "Aircraft",
  "Watercraft",
  "Carnivore",
  "Wheel",
  "Tree",
  "Land vehicle",
];
/** Rows of ImageNet's class list that mean about the same as the classes and concepts above. */
const imagenetRows = [404, 817, 10, 281, 353, 207, 30, 339, 510, 867, 340, 864, 895, 484, 290, 479, 984, 609];
const configuration = { shardSize: 64, bootstrapReplicates: 100 };

describe.skipIf(!present)("brought numbers: real CLIP, ResNet-20 and photographs", () => {
  let fixture: WorkerFixture;
  let datasetId: string;
  let modelVersionId: string;
  let conceptSetId: string;
  let numbers: { features: Matrix; logits: Matrix; images: Matrix; labels: Float64Array };

  const file = (name: string) => `${folder}cifar10_test_0-349_${name}.npy`;

  beforeAll(async () => {
    fixture = await workerFixture();
    const { registration } = fixture;
    numbers = {
      features: await readMatrix(file("resnet20_features"), { field: "features" }),
      logits: await readMatrix(file("resnet20_logits"), { field: "logits" }),
      images: await readMatrix(file("clip_vitb32_image_f32"), { field: "images" }),
      labels: (await readNumbers(file("labels"), { field: "labels" })).values as Float64Array,
    };
    const split = (i: number) => (i % 7 < 3 ? "alignment" : i % 7 < 5 ? "calibration" : "test");
    const dataset = await registration.dataset({
      classes,
      manifest: Array.from(numbers.labels, (label, i) => ({
        id: `photo-${i}`,
        split: split(i),
        label: classes[label],
      })),
    });
    datasetId = dataset.id;
    modelVersionId = await registration.modelVersion({ classes, embeddingWidth: 64 });
    conceptSetId = await registration.conceptSet(concepts);
    await registration.bring(datasetId, "EMBEDDING", { modelVersionId }, numbers.features);
    await registration.bring(datasetId, "LOGITS", { modelVersionId }, numbers.logits);
  });
  afterAll(() => fixture.close());

  async function vlmWith(phrases: string[], embeddings: Matrix): Promise<string> {
    const { registration } = fixture;
    const id = await registration.vlm({ embeddingWidth: 512, phrases: { phrases, embeddings } });
    await registration.bring(datasetId, "IMAGE_EMBEDDING", { visionLanguageModelId: id }, numbers.images);
    return id;
  }

  async function run(visionLanguageModelId: string, set = conceptSetId) {
    const { registration } = fixture;
    const id = await registration.startRun({
      modelVersionId,
      visionLanguageModelId,
      conceptSetId: set,
      datasetId,
      configuration,
    });
    const finished = await registration.finished(id);
    return { ...finished, details: (finished.report?.details ?? null) as unknown as ReportDetails | null };
  }

  async function trueTexts(phrases: readonly string[]): Promise<Matrix> {
    const words = JSON.parse(readFileSync(`${folder}oid500_names.json`, "utf8")) as string[];
    const texts = await readMatrix(`${folder}oid500_clip_vitb32_text_f32_unnormalised.npy`, {
      field: "texts",
    });
    return selectRows(
      texts,
      phrases.map((phrase) => words.indexOf(phrase)),
    );
  }

  it("runs without any network, and reads what the real oracle says", async () => {
    const phrases = [...classes, ...concepts];
    const finished = await run(await vlmWith(phrases, await trueTexts(phrases)));
    expect(finished.error).toBeNull();
    const { report, details } = finished;
    expect(report?.axis).toEqual([...concepts, ...classes]);
    expect(report?.conceptCount).toBe(concepts.length);
    expect(report?.inputs).toBe(100);
    // Zero-shot is about 90 % on all 350; the map is known to be weak, and the report must say so.
    expect(details?.oracle.zeroShotAccuracy.value).toBeGreaterThan(0.8);
    expect(details?.alignment.evaluated.meanCosine).toBeGreaterThan(0.85);
    expect(details?.alignment.evaluated.r2).toBeLessThan(0.4);
    expect(details?.warnings.map(({ code }) => code)).toContain("POOR_ALIGNMENT");
    const correct = numbers.labels.filter((label, i) => {
      const logits = numbers.logits.data.subarray(i * 10, i * 10 + 10);
      return i % 7 >= 5 && logits.indexOf(Math.max(...logits)) === label;
    }).length;
    expect(report?.accuracy).toBeCloseTo(correct / 100, 12);
  });

  it("refuses text embeddings of another CLIP, with the evidence", async () => {
    const other = await readMatrix(`${folder}negative_control_imagenet1000_clip_vitb16_text.npy`, {
      field: "texts",
    });
    const finished = await run(await vlmWith([...classes, ...concepts], selectRows(other, imagenetRows)));
    expect(finished).toMatchObject({ status: "FAILED", report: null });
    expect(finished.error).toMatch(/VLM text embeddings: are not in the space of its image embeddings/);
  });

  it("names the phrases whose text embeddings are missing", async () => {
    const finished = await run(await vlmWith(classes, await trueTexts(classes)));
    expect(finished.status).toBe("FAILED");
    expect(finished.error).toMatch(
      /no text embeddings were brought for 8 of 18 phrases \("Animal", "Vehicle", /,
    );
  });

  it("says what is missing before it computes anything", async () => {
    const { registration } = fixture;
    const bare = await registration.vlm({ embeddingWidth: 512 });
    expect((await run(bare)).error).toMatch(/has no VLM image embeddings: .*addEmbeddingSet/);
    const other = await registration.modelVersion({ classes, embeddingWidth: 64 });
    const id = await registration.startRun({
      modelVersionId: other,
      visionLanguageModelId: bare,
      conceptSetId,
      datasetId,
    });
    expect((await registration.finished(id)).error).toMatch(/has no embeddings: .*addEmbeddingSet/);
  });

  it("quarantines a brought row that is not finite", async () => {
    const { registration } = fixture;
    const version = await registration.modelVersion({ classes, embeddingWidth: 64 });
    const features = matrix(350, 64, Float32Array.from(numbers.features.data));
    features.data[5 * 64 + 3] = Number.NaN;
    await registration.bring(datasetId, "EMBEDDING", { modelVersionId: version }, features);
    await registration.bring(datasetId, "LOGITS", { modelVersionId: version }, numbers.logits);
    const phrases = [...classes, ...concepts];
    const visionLanguageModelId = await vlmWith(phrases, await trueTexts(phrases));
    const id = await registration.startRun({
      modelVersionId: version,
      visionLanguageModelId,
      conceptSetId,
      datasetId,
      configuration,
    });
    expect((await registration.finished(id)).report).toMatchObject({ inputs: 99, quarantinedCount: 1 });
    const [bad] = await registration.database.prisma.quarantinedInput.findMany({
      where: { runId: id },
      include: { input: true },
    });
    expect(bad).toMatchObject({ reason: "value 3 is NaN", input: { externalId: "photo-5" } });
  });
});
