import { MAX_TOKENIZER_BYTES, PreprocessingSpec, TokenizerSpec, validateVlm } from "@faultline/inference";
import { resolveArrayConnection } from "@pothos/plugin-relay";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder, defaultPageSize, maximumPageSize } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import type { Context } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { parse, ValidationError } from "../errors.ts";
import { list, name } from "../names.ts";
import { checked, readArtifact } from "./artifacts.ts";
import { trials } from "./trials.ts";
import { readUploadedMatrix } from "./uploaded-matrix.ts";

export const VisionLanguageModelType = builder.prismaNode("VisionLanguageModel", {
  description: "An image tower and a text tower into one space.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its project." }),
    imageTowerSha256: t.exposeString("imageTowerSha256", {
      nullable: true,
      description: "The image tower's ONNX upload; null when image embeddings are brought.",
    }),
    textTowerSha256: t.exposeString("textTowerSha256", {
      nullable: true,
      description: "The text tower's ONNX upload; null when text embeddings are brought.",
    }),
    tokenizerSha256: t.exposeString("tokenizerSha256", {
      nullable: true,
      description: "The tokenizer's JSON upload.",
    }),
    preprocessing: t.expose("preprocessing", {
      type: "JSON",
      nullable: true,
      description: "How a picture becomes the image tower's input.",
    }),
    embeddingWidth: t.exposeInt("embeddingWidth", { description: "Width m of the shared space." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was registered." }),
    phrases: t.connection(
      {
        type: "String",
        description: "Phrases whose text embeddings were brought (empty when a text tower is registered).",
        select: { phraseEmbeddings: { select: { phrases: true }, orderBy: { id: "asc" } } },
        resolve: ({ phraseEmbeddings }, args) =>
          resolveArrayConnection({ args, defaultSize: defaultPageSize, maxSize: maximumPageSize }, [
            ...new Set(phraseEmbeddings.flatMap(({ phrases }) => phrases)),
          ]),
      },
      { name: "PhraseConnection", description: "A page of phrases." },
      { name: "PhraseEdge", description: "A phrase in its connection." },
    ),
  }),
});

export const visionLanguageModelPage = connectionOf("VisionLanguageModel", VisionLanguageModelType);

const RegisterVisionLanguageModelInput = builder.inputType("RegisterVisionLanguageModelInput", {
  description:
    "Either both towers with tokenizer and preprocessing, or none of them (bring your own embeddings; then embeddingWidth).",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to register it in." }),
    name: t.string({ required: true, description: "Unique in the project." }),
    imageTowerSha256: t.string({ description: "Upload: ONNX graph, image to embedding." }),
    textTowerSha256: t.string({ description: "Upload: ONNX graph, token ids to embedding." }),
    tokenizerSha256: t.string({ description: "Upload: the tokenizer's JSON." }),
    preprocessing: t.field({ type: "JSON", description: "As of a model version." }),
    embeddingWidth: t.int({ description: "Width m of brought embeddings; with ONNX it is measured." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same VLM back." }),
  }),
});

const newVlm = z
  .object({
    name,
    imageTowerSha256: z.string().nullish(),
    textTowerSha256: z.string().nullish(),
    tokenizerSha256: z.string().nullish(),
    preprocessing: PreprocessingSpec.nullish(),
    embeddingWidth: z.int().min(1, "An embedding has at least one value.").max(65_536).nullish(),
  })
  .superRefine((input, context) => {
    const needed = ["imageTowerSha256", "textTowerSha256", "tokenizerSha256", "preprocessing"] as const;
    const given = needed.filter((field) => input[field] != null);
    if (given.length > 0)
      for (const field of needed)
        if (input[field] == null)
          context.addIssue({
            code: "custom",
            path: [field],
            message: `With ${given[0]}, this is needed too: a VLM needs both towers, the tokenizer and the preprocessing.`,
          });
    if (given.length === 0 && input.embeddingWidth == null)
      context.addIssue({
        code: "custom",
        path: ["embeddingWidth"],
        message: "Without ONNX artifacts, give the width of the embeddings that you will bring.",
      });
  });

type NewVlm = z.infer<typeof newVlm>;

const parts = {
  "image tower": "input.imageTowerSha256",
  "text tower": "input.textTowerSha256",
  tokenizer: "input.tokenizerSha256",
  preprocessing: "input.preprocessing",
};

async function measureWidth(context: Context, projectId: string, input: NewVlm): Promise<number> {
  const { imageTowerSha256, textTowerSha256, tokenizerSha256, preprocessing, embeddingWidth } = input;
  if (!imageTowerSha256 || !textTowerSha256 || !tokenizerSha256 || !preprocessing)
    return embeddingWidth as number;
  const towers = { imageTowerSha256, textTowerSha256, tokenizerSha256, preprocessing };
  return trials.run(projectId, () => tryTowers(context, projectId, towers, embeddingWidth));
}

interface Towers {
  imageTowerSha256: string;
  textTowerSha256: string;
  tokenizerSha256: string;
  preprocessing: PreprocessingSpec;
}

/** Loads both towers and runs them once. @returns the measured width m */
async function tryTowers(
  context: Context,
  projectId: string,
  { imageTowerSha256, textTowerSha256, tokenizerSha256, preprocessing }: Towers,
  embeddingWidth: number | null | undefined,
): Promise<number> {
  const imageTower = await readArtifact(context, projectId, imageTowerSha256, parts["image tower"]);
  const textTower = await readArtifact(context, projectId, textTowerSha256, parts["text tower"]);
  const tokenizerText = await readArtifact(
    context,
    projectId,
    tokenizerSha256,
    parts.tokenizer,
    MAX_TOKENIZER_BYTES,
  );
  const tokenizer = parse(TokenizerSpec, json(tokenizerText, parts.tokenizer), parts.tokenizer);
  const measured = await checked(parts, () =>
    validateVlm({ imageTower, textTower, tokenizer, preprocessing }, { memory: context.networkMemory }),
  );
  if (embeddingWidth != null && embeddingWidth !== measured.embeddingWidth)
    throw ValidationError.of(
      "input.embeddingWidth",
      `The towers give ${measured.embeddingWidth} values, not ${embeddingWidth}. Leave the width out: it is measured.`,
    );
  return measured.embeddingWidth;
}

function json(bytes: Buffer, field: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw ValidationError.of(field, `The file is not JSON: ${(error as Error).message}.`);
  }
}

builder.mutationField("registerVisionLanguageModel", (t) =>
  t.prismaField({
    type: VisionLanguageModelType,
    description: "Registers a VLM; ONNX towers are loaded and run once. Needs the write scope.",
    errors: creationErrors,
    args: {
      input: t.arg({ type: RegisterVisionLanguageModelInput, required: true, description: "The VLM." }),
    },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const parsed = parse(newVlm, input, "input");
      const { name, imageTowerSha256, textTowerSha256, tokenizerSha256, preprocessing } = parsed;
      const id = await createOnce(context, {
        projectId,
        operation: "registerVisionLanguageModel",
        nodeType: "VisionLanguageModel",
        input,
        prepare: () => measureWidth(context, projectId, parsed),
        create: (transaction, embeddingWidth) =>
          transaction.visionLanguageModel.create({
            data: {
              projectId,
              name,
              imageTowerSha256,
              textTowerSha256,
              tokenizerSha256,
              preprocessing: preprocessing ?? undefined,
              embeddingWidth,
            },
            select: { id: true },
          }),
        unique: {
          field: "input.name",
          message: `The project has a VLM "${name}" already. Choose another name.`,
          find: () =>
            prisma.visionLanguageModel.findUnique({ where: { projectId_name: { projectId, name } } }),
        },
      });
      return prisma.visionLanguageModel.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

const AddPhraseEmbeddingsInput = builder.inputType("AddPhraseEmbeddingsInput", {
  description: "Text embeddings that were computed elsewhere.",
  fields: (t) => ({
    visionLanguageModelId: t.id({ required: true, description: "The VLM whose space they lie in." }),
    phrases: t.stringList({
      required: true,
      description: "One a row: concepts and class names, templates applied.",
    }),
    sha256: t.string({ required: true, description: "A .npy, .npz or safetensors upload: phrases × m." }),
    arrayName: t.string({
      description: "Which array of an .npz or safetensors file; not needed when it holds one.",
    }),
    idempotencyKey: t.string({ description: "Repeats with the same key add nothing." }),
  }),
});

const newPhrases = z.object({
  phrases: list(name, {
    min: 1,
    tooFew: "Give at least one phrase.",
    max: 100_000,
    tooMany: "Give at most 100,000 phrases at once.",
  }),
});

builder.mutationField("addPhraseEmbeddings", (t) =>
  t.prismaField({
    type: VisionLanguageModelType,
    description:
      "Brings text embeddings for phrases. A phrase that is brought again is replaced. Needs the write scope.",
    errors: creationErrors,
    args: {
      input: t.arg({
        type: AddPhraseEmbeddingsInput,
        required: true,
        description: "Phrases and embeddings.",
      }),
    },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const visionLanguageModelId = await requireNode(
        context,
        "VisionLanguageModel",
        input.visionLanguageModelId,
        "input.visionLanguageModelId",
      );
      const { phrases } = parse(newPhrases, input, "input");
      const vlm = await prisma.visionLanguageModel.findUniqueOrThrow({
        where: { id: visionLanguageModelId },
      });
      const { projectId } = vlm;
      const id = await createOnce(context, {
        projectId,
        operation: "addPhraseEmbeddings",
        nodeType: "VisionLanguageModel",
        input,
        prepare: () =>
          readUploadedMatrix(context, projectId, input, {
            rows: phrases.length,
            rowsAre: "phrases",
            columns: vlm.embeddingWidth,
            columnsAre: `values (the width of the VLM "${vlm.name}")`,
          }),
        create: async (transaction, { artifactSha256 }) => {
          await transaction.phraseEmbeddings.create({
            data: { visionLanguageModelId, phrases, artifactSha256 },
          });
          return { id: visionLanguageModelId };
        },
      });
      return prisma.visionLanguageModel.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
