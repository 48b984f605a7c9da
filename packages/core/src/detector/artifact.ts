import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { decodeAlignment, encodeAlignment } from "../alignment.ts";
import { decodeBase64, encodeBase64 } from "../base64.ts";
import { Detector, type DetectorEmbedding, type DetectorModel } from "../detector.ts";
import { briefly, InvalidInputError, requireSize } from "../errors.ts";
import { emptyHeatmap, type HeatmapCounts, MAX_CONCEPTS, MIN_CONCEPTS } from "../heatmap.ts";
import { decodeHeatmap, encodeHeatmap } from "../heatmap-encoding.ts";
import type { Matrix } from "../matrix.ts";
import { requireEmbedding } from "./calibration.ts";
import { SIMILARITIES } from "./reference.ts";

const KIND = "faultline.detector";

/** The layout that this version writes, and the only one that it reads. */
export const DETECTOR_SCHEMA_VERSION = 1;

/** Characters of an artifact as text; one of 2^26 cells has some 180 million at most. */
const MAX_CHARACTERS = 2 ** 28;
const MAX_CLASSES = 10_000;
/** Cells of all classes' heatmaps of one kind, K·C²: what is kept of them is 4 bytes a cell, twice. */
const MAX_CELLS = 2 ** 26;
const MAX_WIDTH = 65_536;

const name = z.string().min(1).max(1000);
/** A list whose length is checked before its items are. */
const list = <Item extends z.ZodType>(item: Item, min: number, max: number) =>
  z
    .custom<unknown[]>(Array.isArray, "is not a list")
    .refine(({ length }) => length >= min && length <= max, `has not ${min} to ${max} items`)
    .pipe(z.array(item));
const count = z.int().min(0);
const alpha = z.number().gt(0).lt(1);

/** The JSON artifact without its checksum. Heatmaps are base64 of `encodeHeatmap`; null: no inputs. */
const artifactBody = z.strictObject({
  kind: z.literal(KIND),
  schemaVersion: z.literal(DETECTOR_SCHEMA_VERSION),
  concepts: list(name, MIN_CONCEPTS, MAX_CONCEPTS),
  classes: list(name, 1, MAX_CLASSES),
  similarity: z.enum(SIMILARITIES),
  rule: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("zero") }),
    z.strictObject({ kind: z.literal("conformal"), alpha, scope: z.enum(["class", "pooled"]) }),
  ]),
  minimumInputs: z.int().min(1),
  seed: z.int().min(0).max(0xffffffff),
  references: z.array(
    z.strictObject({
      correct: z.string().nullable(),
      incorrect: z.string().nullable(),
      /** null: no finite threshold was possible, nothing is flagged. */
      threshold: z.number().nullable(),
      thresholdInputs: count,
      thresholdShared: z.boolean(),
    }),
  ),
  /** The alignment is base64 of `encodeAlignment`, the vectors of their float32 values, little endian. */
  embedding: z
    .strictObject({ alignment: z.string(), width: z.int().min(1).max(MAX_WIDTH), vectors: z.string() })
    .nullable(),
});

/** A detector as JSON: the body and `sha256:` + hex of the body's canonical JSON (keys sorted, no spaces). */
export type DetectorArtifact = z.infer<typeof artifactBody> & { readonly checksum: string };

/** The detector as a JSON artifact, equal detectors as equal artifacts. */
export function exportDetector(detector: Detector): DetectorArtifact {
  const { concepts, classes, similarity, rule, minimumInputs, seed, references, embedding } = detector.model;
  const heatmap = (counts: HeatmapCounts) =>
    counts.inputs === 0 ? null : encodeBase64(encodeHeatmap(counts));
  const body: z.infer<typeof artifactBody> = {
    kind: KIND,
    schemaVersion: DETECTOR_SCHEMA_VERSION,
    concepts: [...concepts],
    classes: [...classes],
    similarity,
    rule,
    minimumInputs,
    seed,
    references: references.map((reference) => ({
      correct: heatmap(reference.correct),
      incorrect: heatmap(reference.incorrect),
      threshold: Number.isFinite(reference.threshold) ? reference.threshold : null,
      thresholdInputs: reference.thresholdInputs,
      thresholdShared: reference.thresholdShared,
    })),
    embedding: embedding
      ? {
          alignment: encodeBase64(encodeAlignment(embedding.alignment)),
          width: embedding.conceptVectors.columns,
          vectors: encodeBase64(encodeFloats(embedding.conceptVectors.data)),
        }
      : null,
  };
  return { ...body, checksum: checksumOf(body) };
}

/**
 * The detector of an artifact, given as JSON text or as the parsed object.
 *
 * @throws InvalidInputError for more than 2^28 characters, 10,000 classes or 2^26 cells (classes × concepts²); naming the first field that is missing, unknown, of another type or inconsistent;
 *   a newer schema version; or a checksum that does not match the content
 */
export function importDetector(artifact: string | object): Detector {
  const { checksum, ...content } = parseObject(artifact);
  if (content.kind !== KIND)
    throw new InvalidInputError("kind", `is ${quoted(content.kind)}`, `A detector artifact has "${KIND}".`);
  if (content.schemaVersion !== DETECTOR_SCHEMA_VERSION)
    throw new InvalidInputError(
      "schemaVersion",
      `is ${quoted(content.schemaVersion)}; this version reads ${DETECTOR_SCHEMA_VERSION}`,
      "Export the detector again, or use the Faultline version that wrote it.",
    );
  const parsed = artifactBody.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InvalidInputError(
      issue.path.join(".") || "artifact",
      issue.message,
      "Export the detector again.",
    );
  }
  const body = parsed.data;
  const expected = checksumOf(body);
  if (checksum !== expected)
    throw new InvalidInputError(
      "checksum",
      `is ${quoted(checksum)}, but the content has ${expected}`,
      "The artifact was changed or damaged after its export; export it again.",
    );
  const { concepts, classes, similarity, rule, minimumInputs, seed } = body;
  const cells = classes.length * concepts.length ** 2;
  if (cells > MAX_CELLS)
    throw new InvalidInputError(
      "references",
      `are ${classes.length} heatmaps of ${concepts.length} concepts, ${cells} cells`,
      `At most ${MAX_CELLS} are read.`,
    );
  requireSize("references", body.references.length, classes.length, "classes");
  // One for all classes without inputs: nobody writes to a reference.
  const empty = emptyHeatmap(concepts.length);
  const references = body.references.map((reference, k) => ({
    ...reference,
    correct: readHeatmap(reference.correct, empty, `references.${k}.correct`),
    incorrect: readHeatmap(reference.incorrect, empty, `references.${k}.incorrect`),
    threshold: reference.threshold ?? Number.POSITIVE_INFINITY,
  }));
  const embedding = readEmbedding(body.embedding, concepts.length);
  const model: DetectorModel = {
    concepts,
    classes,
    similarity,
    rule,
    minimumInputs,
    seed,
    references,
    embedding,
  };
  return new Detector(model);
}

/** A value for a message; what is nested is not looked into. */
function quoted(value: unknown): string {
  return typeof value === "object" && value !== null
    ? "an object"
    : briefly(String(JSON.stringify(value)), 60);
}

function parseObject(artifact: string | object): Record<string, unknown> {
  let value: unknown = artifact;
  if (typeof artifact === "string" && artifact.length > MAX_CHARACTERS)
    throw new InvalidInputError(
      "artifact",
      `has ${artifact.length} characters`,
      `At most ${MAX_CHARACTERS} are read.`,
    );
  if (typeof artifact === "string")
    try {
      value = JSON.parse(artifact);
    } catch (error) {
      throw new InvalidInputError(
        "artifact",
        `is not JSON (${(error as Error).message})`,
        "Pass the whole exported file.",
      );
    }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (!parsed.success)
    throw new InvalidInputError("artifact", "is not a JSON object", "Pass the whole exported file.");
  return parsed.data;
}

function readHeatmap(text: string | null, empty: HeatmapCounts, field: string): HeatmapCounts {
  if (text === null) return empty;
  const heatmap = decodeHeatmap(decodeBase64(text, field));
  const { concepts } = empty;
  if (heatmap.concepts !== concepts)
    throw new InvalidInputError(field, `has ${heatmap.concepts} concepts, not ${concepts}`, "Export again.");
  return heatmap;
}

function readEmbedding(
  stored: z.infer<typeof artifactBody>["embedding"],
  concepts: number,
): DetectorEmbedding | undefined {
  if (!stored) return undefined;
  const data = decodeFloats(decodeBase64(stored.vectors, "embedding.vectors"));
  const conceptVectors: Matrix = { rows: data.length / stored.width, columns: stored.width, data };
  const alignment = decodeAlignment(decodeBase64(stored.alignment, "embedding.alignment"));
  const embedding = { alignment, conceptVectors };
  requireEmbedding(embedding, concepts);
  return embedding;
}

function encodeFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < values.length; k++) view.setFloat32(4 * k, values[k], true);
  return bytes;
}

function decodeFloats(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, k) => view.getFloat32(4 * k, true));
}

function checksumOf(body: z.infer<typeof artifactBody>): string {
  return `sha256:${bytesToHex(sha256(utf8ToBytes(canonicalJson(body))))}`;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) =>
    held !== null && typeof held === "object" && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}
