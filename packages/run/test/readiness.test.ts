import { describe, expect, it } from "vitest";
import { runConfigurationSchema } from "../src/configuration.ts";
import { findObstacles, maximumHeatmapCells, type RunDataset, type RunParts } from "../src/readiness.ts";

const configuration = runConfigurationSchema.parse({});
const dataset: RunDataset = {
  name: "photos",
  status: "READY",
  error: null,
  classes: ["cat", "dog"],
  inputCount: 180,
  imageless: null,
  brought: [],
};
const ready: RunParts = {
  modelVersion: { classes: ["cat", "dog", "frog"], embeddingWidth: 6, encoderSha256: "e", headSha256: "h" },
  visionLanguageModel: {
    name: "CLIP",
    embeddingWidth: 8,
    imageTowerSha256: "i",
    textTowerSha256: "t",
    phrases: [],
  },
  conceptSet: { phrases: ["wet", "hairy"], templates: ["a photo of {}"] },
  datasets: [dataset],
};
const withDataset = (changes: Partial<RunDataset>): RunParts => ({
  ...ready,
  datasets: [{ ...dataset, ...changes }],
});
const messages = (parts: RunParts, changes = {}) =>
  findObstacles(parts, { ...configuration, ...changes }).map(({ part, message }) => `${part}: ${message}`);

describe("findObstacles", () => {
  it("finds none where every part is there", () => {
    expect(messages(ready)).toEqual([]);
  });

  it("says that a dataset is not read, and nothing else about it", () => {
    expect(messages(withDataset({ status: "INGESTING", classes: ["newt"] }))).toEqual([
      'dataset: Dataset "photos" is still being read. Wait until its status is READY.',
    ]);
    expect(messages(withDataset({ status: "FAILED", error: "no images" }))[0]).toContain("no images");
  });

  it("says all that is wrong at once, in both datasets of an attacked run", () => {
    const parts = {
      ...ready,
      datasets: [
        { ...dataset, name: "attacked", imageless: "x/1" },
        { ...dataset, name: "clean", classes: ["newt"] },
      ],
    };
    const found = messages(parts);
    expect(found).toHaveLength(3);
    expect(
      found.filter((message) => message.includes('"attacked"') && message.includes('"x/1"')),
    ).toHaveLength(2);
    expect(found[2]).toMatch(/^dataset: .*no class "newt" of dataset "clean"/);
  });

  it("needs no network for what was brought, and no image when both embeddings were", () => {
    const bare = {
      ...withDataset({
        imageless: "x/1",
        brought: [
          { kind: "EMBEDDING", rows: 180, columns: 6 },
          { kind: "LOGITS", rows: 180, columns: 3 },
          { kind: "IMAGE_EMBEDDING", rows: 180, columns: 8 },
        ],
      }),
      modelVersion: { ...ready.modelVersion, encoderSha256: null, headSha256: null },
      visionLanguageModel: { ...ready.visionLanguageModel, imageTowerSha256: null },
    };
    expect(messages(bare)).toEqual([]);
    expect(messages({ ...bare, datasets: [{ ...bare.datasets[0], brought: [] }] })).toHaveLength(3);
  });

  it("names the shape that a brought matrix should have", () => {
    const found = messages(withDataset({ brought: [{ kind: "LOGITS", rows: 18, columns: 3 }] }));
    expect(found).toEqual([
      expect.stringMatching(/logits of dataset "photos" are 18×3, but 180×3 are needed/),
    ]);
  });

  it("takes a phrase's own embedding, or one of each of its prompts, where there is no text tower", () => {
    const phrases = ["wet", "a photo of hairy", "cat", "dog"];
    const towerless = {
      ...ready,
      visionLanguageModel: { ...ready.visionLanguageModel, textTowerSha256: null, phrases },
    };
    expect(messages(towerless)).toEqual([expect.stringMatching(/for 1 of 5 phrases \("frog"\)/)]);
  });

  it("bounds the axis from both sides", () => {
    const lonely = { ...ready, conceptSet: { ...ready.conceptSet, phrases: ["wet"] } };
    expect(messages(lonely, { includeClassConcepts: false })[0]).toMatch(/^conceptSet: The axis has 1 entry/);
    const many = Array.from({ length: 300 }, (_, i) => `class ${i}`);
    const large = { ...ready, modelVersion: { ...ready.modelVersion, classes: ["cat", "dog", ...many] } };
    expect(302 * 304 ** 2).toBeGreaterThan(maximumHeatmapCells);
    expect(messages(large)[0]).toMatch(/heatmap cells/);
    expect(messages(large, { includeClassConcepts: false })).toEqual([]);
  });
});
