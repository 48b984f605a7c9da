import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type Alignment,
  calibrateDetector,
  DETECTOR_SCHEMA_VERSION,
  type DetectorArtifact,
  exportDetector,
  InvalidInputError,
  importDetector,
  matrix,
  SIMILARITIES,
} from "../../src/index.ts";
import { calibrationWorld, names } from "./world.ts";

const world = calibrationWorld(300, 1);
const alignment: Alignment = {
  inputWidth: 2,
  outputWidth: 3,
  weights: Float64Array.of(0.1, 0.2, -0.3, 0.4, 0.5, 1e-20),
  bias: Float64Array.of(1, 2, 3),
  lambda: 0.5,
  rank: 1,
  conditionNumber: Number.POSITIVE_INFINITY,
  degreesOfFreedom: 2,
  inputs: 9,
};
const conceptVectors = matrix(6, 3);
conceptVectors.data.set([1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.7, -1, 0, 0, 0.1, -0.2, 0.3]);
const embedding = { alignment, conceptVectors };
const artifact = exportDetector(calibrateDetector({ ...world, ...names, embedding }));

/** JSON with sorted keys, as the checksum is defined. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, held]) => `${JSON.stringify(key)}:${canonical(held)}`).join(",")}}`;
}

/** The artifact with some fields changed and a checksum that fits. */
function forged(change: Record<string, unknown>): object {
  const { checksum: _, ...body } = { ...artifact, ...change } as DetectorArtifact;
  return { ...body, checksum: `sha256:${createHash("sha256").update(canonical(body)).digest("hex")}` };
}

describe("exportDetector and importDetector", () => {
  it.each(SIMILARITIES)("bring back the same detector to the bit: %s", (similarity) => {
    for (const rule of [
      { kind: "zero" },
      { kind: "conformal", alpha: 0.1, scope: "pooled" },
      { kind: "conformal", alpha: 0.002, scope: "class" },
    ] as const) {
      const detector = calibrateDetector({ ...world, ...names, embedding }, { similarity, rule, seed: 7 });
      const text = JSON.stringify(exportDetector(detector));
      const again = importDetector(text);
      expect(again.model).toEqual(detector.model);
      expect(again.scores(world.strengths, world.predictions)).toEqual(
        detector.scores(world.strengths, world.predictions),
      );
      const input = Float32Array.of(0.3, -0.7);
      expect(again.check(input, 1)).toEqual(detector.check(input, 1));
      expect(JSON.stringify(exportDetector(again))).toBe(text);
    }
  });

  it("carry an infinite threshold, an empty class, and no embedding", () => {
    const detector = calibrateDetector({ ...world, concepts: names.concepts, classes: ["x", "y", "never"] });
    const parsed = exportDetector(detector);
    expect(parsed.references[2]).toMatchObject({ correct: null, incorrect: null, threshold: null });
    expect(parsed.embedding).toBeNull();
    const again = importDetector(parsed);
    expect(again.model.references[2].threshold).toBe(Number.POSITIVE_INFINITY);
    expect(again.model).toEqual(detector.model);
  });

  it("have a documented checksum, whatever the order of keys", () => {
    const { checksum, ...body } = artifact;
    expect(checksum).toBe(`sha256:${createHash("sha256").update(canonical(body)).digest("hex")}`);
    expect(importDetector(Object.fromEntries(Object.entries(artifact).reverse())).model).toEqual(
      importDetector(artifact).model,
    );
    expect(artifact.schemaVersion).toBe(DETECTOR_SCHEMA_VERSION);
  });

  it.each([
    ["text that is not JSON", "{", "artifact: is not JSON"],
    ["JSON that is no object", "[1]", "artifact: is not a JSON object"],
    ["null", "null", "artifact: is not a JSON object"],
    ["another kind of file", forged({ kind: "recipe" }), 'kind: is "recipe"'],
    ["no kind", forged({ kind: undefined }), "kind: is undefined"],
    ["a newer version", forged({ schemaVersion: 2 }), "schemaVersion: is 2; this version reads 1"],
    ["a changed seed", { ...artifact, seed: 1 }, "checksum"],
    ["no checksum", { ...artifact, checksum: undefined }, "checksum: is undefined"],
    ["an unknown field", forged({ surprise: 1 }), "surprise"],
    ["an unknown similarity", forged({ similarity: "euclid" }), "similarity"],
    ["alpha 1", forged({ rule: { kind: "conformal", alpha: 1, scope: "class" } }), "rule.alpha"],
    ["a rule without scope", forged({ rule: { kind: "conformal", alpha: 0.5 } }), "rule.scope"],
    ["too few concepts", forged({ concepts: ["a"] }), "concepts"],
    ["an empty name", forged({ classes: ["x", ""] }), "classes.1"],
    [
      "a threshold that is text",
      forged({ references: [{ ...artifact.references[0], threshold: "0" }] }),
      "references.0.threshold",
    ],
    ["a missing class", forged({ references: [artifact.references[0]] }), "references"],
    [
      "a heatmap that is not base64",
      forged({ references: artifact.references.map((one) => ({ ...one, correct: "*" })) }),
      "references.0.correct: is not base64",
    ],
    [
      "a second heatmap that is not base64",
      forged({ references: artifact.references.map((one) => ({ ...one, incorrect: "*" })) }),
      "references.0.incorrect: is not base64",
    ],
    [
      "an alignment that is not base64",
      forged({ embedding: { ...artifact.embedding, alignment: "!" } }),
      "embedding.alignment: is not base64",
    ],
    [
      "a heatmap of other bytes",
      forged({ references: artifact.references.map((one) => ({ ...one, correct: "AAAA" })) }),
      "heatmap bytes",
    ],
    [
      "other concepts than the heatmaps have",
      forged({ concepts: names.concepts.slice(1), embedding: null }),
      "references.0.correct: has 6 concepts, not 5",
    ],
    [
      "an alignment of other bytes",
      forged({ embedding: { ...artifact.embedding, alignment: "AAAA" } }),
      "bytes",
    ],
    [
      "concept vectors of another width",
      forged({ embedding: { ...artifact.embedding, width: 2 } }),
      "embedding.conceptVectors",
    ],
    [
      "concept vectors that are not base64",
      forged({ embedding: { ...artifact.embedding, vectors: "!" } }),
      "embedding.vectors",
    ],
  ])("refuse %s", (_, input, message) => {
    expect(() => importDetector(input)).toThrow(InvalidInputError);
    expect(() => importDetector(input)).toThrow(message);
  });
});
