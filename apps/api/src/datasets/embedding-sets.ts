import { setImmediate as nextTurn } from "node:timers/promises";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { EmbeddingKindType } from "../enums.ts";
import { creationErrors } from "../error-types.ts";
import { ValidationError } from "../errors.ts";
import { readUploadedMatrix } from "../registry/uploaded-matrix.ts";

export const EmbeddingSetType = builder.prismaNode("EmbeddingSet", {
  description: "A matrix over a dataset's inputs that a team computed elsewhere.",
  id: { field: "id" },
  fields: (t) => ({
    kind: t.expose("kind", { type: EmbeddingKindType, description: "What it holds." }),
    rows: t.exposeInt("rows", { description: "One an input, in the dataset's order." }),
    columns: t.exposeInt("columns", { description: "Values a row." }),
    modelVersion: t.relation("modelVersion", { nullable: true, description: "Whose embeddings or logits." }),
    visionLanguageModel: t.relation("visionLanguageModel", {
      nullable: true,
      description: "Whose image embeddings.",
    }),
    artifactSha256: t.exposeString("artifactSha256", {
      description: "The .npy of float32 that it is kept as.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was brought." }),
  }),
});

const AddEmbeddingSetInput = builder.inputType("AddEmbeddingSetInput", {
  description:
    "A matrix over a dataset's inputs. EMBEDDING and LOGITS name a model version, IMAGE_EMBEDDING a VLM.",
  fields: (t) => ({
    datasetId: t.id({ required: true, description: "The dataset; it must be READY." }),
    kind: t.field({ type: EmbeddingKindType, required: true, description: "What the matrix holds." }),
    modelVersionId: t.id({ description: "Whose embeddings or logits." }),
    visionLanguageModelId: t.id({ description: "Whose image embeddings." }),
    sha256: t.string({
      required: true,
      description: "A .npy, .npz or safetensors upload with one row an input.",
    }),
    arrayName: t.string({
      description: "Which array of an .npz or safetensors file; not needed when it holds one.",
    }),
    inputIds: t.stringList({
      description: "External ids in the order of the rows; default: the dataset's own order.",
    }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same set back." }),
  }),
});

builder.mutationField("addEmbeddingSet", (t) =>
  t.prismaField({
    type: EmbeddingSetType,
    description:
      "Brings a matrix that was computed elsewhere: shape, type and finiteness are checked. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: AddEmbeddingSetInput, required: true, description: "The matrix." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const { kind } = input;
      const datasetId = await requireNode(context, "Dataset", input.datasetId, "input.datasetId");
      const dataset = await prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
      if (dataset.status !== "READY")
        throw ValidationError.of(
          "input.datasetId",
          `"${dataset.name}" is ${dataset.status}. Wait until it is READY.`,
        );
      const source = await sourceOf(context, dataset.projectId, input);
      const id = await createOnce(context, {
        projectId: dataset.projectId,
        operation: "addEmbeddingSet",
        nodeType: "EmbeddingSet",
        input,
        prepare: async () =>
          readUploadedMatrix(context, dataset.projectId, input, {
            rows: dataset.inputCount,
            rowsAre: `inputs in "${dataset.name}"`,
            columns: source.width,
            columnsAre: source.widthIs,
            order: input.inputIds
              ? await rowOrder(context, datasetId, dataset.inputCount, input.inputIds)
              : undefined,
          }),
        create: (transaction, matrix) =>
          transaction.embeddingSet.create({
            data: { datasetId, kind, ...source.ids, ...matrix },
            select: { id: true },
          }),
        unique: {
          field: "input.kind",
          message: `"${dataset.name}" has this matrix already. Matrices do not change: make a new dataset, or use another version.`,
          find: () => prisma.embeddingSet.findFirst({ where: { datasetId, kind, ...source.ids } }),
        },
      });
      return prisma.embeddingSet.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

interface Source {
  ids: { modelVersionId: string | null; visionLanguageModelId: string | null };
  /** Columns that the matrix must have. */
  width: number;
  widthIs: string;
}

/** The model version or VLM that the matrix comes from, which decides its width. */
async function sourceOf(
  context: Context,
  projectId: string,
  input: {
    kind: "EMBEDDING" | "LOGITS" | "IMAGE_EMBEDDING";
    modelVersionId?: string | null;
    visionLanguageModelId?: string | null;
  },
): Promise<Source> {
  const { kind } = input;
  const needed = kind === "IMAGE_EMBEDDING" ? "visionLanguageModelId" : "modelVersionId";
  const other = kind === "IMAGE_EMBEDDING" ? "modelVersionId" : "visionLanguageModelId";
  if (input[needed] == null)
    throw ValidationError.of(`input.${needed}`, `${kind} needs it: say whose numbers these are.`);
  if (input[other] != null)
    throw ValidationError.of(`input.${other}`, `${kind} does not come from it. Leave it out.`);
  if (kind === "IMAGE_EMBEDDING") {
    const id = await requireNode(context, "VisionLanguageModel", input[needed], `input.${needed}`);
    const vlm = await context.prisma.visionLanguageModel.findUniqueOrThrow({ where: { id } });
    if (vlm.projectId !== projectId)
      throw ValidationError.of(`input.${needed}`, "This lies in another project.");
    return {
      ids: { modelVersionId: null, visionLanguageModelId: id },
      width: vlm.embeddingWidth,
      widthIs: `(the width of the VLM "${vlm.name}")`,
    };
  }
  const id = await requireNode(context, "ModelVersion", input[needed], `input.${needed}`);
  const version = await context.prisma.modelVersion.findUniqueOrThrow({
    where: { id },
    include: { model: true },
  });
  if (version.model.projectId !== projectId)
    throw ValidationError.of(`input.${needed}`, "This lies in another project.");
  return {
    ids: { modelVersionId: id, visionLanguageModelId: null },
    width: kind === "LOGITS" ? version.classes.length : version.embeddingWidth,
    widthIs:
      kind === "LOGITS" ? `(one a class of "${version.name}")` : `(the embedding width of "${version.name}")`,
  };
}

/** Ids that are looked at before others have their turn. */
const blockOfIds = 10_000;

/** For each input of the dataset, in order, the row of the upload that is its. */
async function rowOrder(
  { pool }: Context,
  datasetId: string,
  inputCount: number,
  inputIds: readonly string[],
): Promise<Uint32Array> {
  const rowOf = new Map<string, number>();
  for (const [row, externalId] of inputIds.entries()) {
    if (rowOf.has(externalId))
      throw ValidationError.of(
        `input.inputIds.${row}`,
        `"${externalId}" is there twice. Give each input once.`,
      );
    rowOf.set(externalId, row);
    if (row % blockOfIds === 0) await nextTurn();
  }
  const order = new Uint32Array(inputCount);
  for (let first = 0; first < inputCount; first += blockOfIds) {
    const { rows } = await pool.query<{ position: number; externalId: string }>({
      name: "input-ids",
      text: `SELECT position, external_id AS "externalId" FROM input
       WHERE dataset_id = $1 AND position >= $2 AND position < $3 ORDER BY position`,
      values: [datasetId, first, first + blockOfIds],
    });
    for (const { position, externalId } of rows) {
      const row = rowOf.get(externalId);
      if (row === undefined)
        throw ValidationError.of(
          "input.inputIds",
          `The dataset's input "${externalId}" is missing. Give every input.`,
        );
      order[position] = row;
      rowOf.delete(externalId);
    }
  }
  for (const [externalId, row] of rowOf)
    throw ValidationError.of(
      `input.inputIds.${row}`,
      `The dataset has no input "${externalId}". Leave its row out.`,
    );
  return order;
}
