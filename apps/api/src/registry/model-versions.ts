import type { Prisma } from "@faultline/db";
import { PreprocessingSpec, splitGraph, validateModelVersion } from "@faultline/inference";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import type { Context } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { RunStatusType } from "../enums.ts";
import { creationErrors } from "../error-types.ts";
import { parse, ValidationError } from "../errors.ts";
import { classes, description, metadata, name } from "../names.ts";
import { runPage } from "../runs/runs.ts";
import { checked, readArtifact, storeArtifact } from "./artifacts.ts";
import { trials } from "./trials.ts";

export const ModelVersionType = builder.prismaNode("ModelVersion", {
  description: "An encoder (image to embedding) and a head (embedding to logits) with its classes.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its model, as `v1.2`." }),
    description: t.exposeString("description", { description: "What is new in it; may be empty." }),
    classes: t.exposeStringList("classes", { description: "Class names in the order of the logits." }),
    model: t.relation("model", { description: "The model that this is a version of." }),
    encoderSha256: t.exposeString("encoderSha256", {
      nullable: true,
      description: "The encoder's ONNX upload; null when embeddings are brought.",
    }),
    headSha256: t.exposeString("headSha256", {
      nullable: true,
      description: "The head's ONNX upload; null when logits are brought.",
    }),
    preprocessing: t.expose("preprocessing", {
      type: "JSON",
      nullable: true,
      description: "How a picture becomes the encoder's input.",
    }),
    embeddingWidth: t.exposeInt("embeddingWidth", { description: "Width d of the embedding." }),
    gitCommit: t.exposeString("gitCommit", { nullable: true, description: "Commit of the training code." }),
    trainingDataTag: t.exposeString("trainingDataTag", {
      nullable: true,
      description: "Name of the training data.",
    }),
    metadata: t.expose("metadata", { type: "JSON", description: "Whatever the team keeps beside it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was registered." }),
    runs: t.relatedConnection(
      "runs",
      {
        cursor: "id",
        totalCount: true,
        description: "Its runs, newest first.",
        args: { status: t.arg({ type: RunStatusType, description: "Only runs in this state." }) },
        query: ({ status }) => ({ where: { status: status ?? undefined }, orderBy: { id: "desc" } }),
      },
      ...runPage,
    ),
  }),
});

export const modelVersionPage = connectionOf("ModelVersion", ModelVersionType);

const RegisterModelVersionInput = builder.inputType("RegisterModelVersionInput", {
  description:
    "Either encoder and head, or one graph and its penultimate tensor, or neither (bring your own embeddings; then embeddingWidth).",
  fields: (t) => ({
    modelId: t.id({ required: true, description: "The model that this is a version of." }),
    name: t.string({ required: true, description: "Unique in the model, as `v1.2`." }),
    description: t.string({ description: "What is new in it." }),
    classes: t.stringList({ required: true, description: "Class names in the order of the logits." }),
    encoderSha256: t.string({ description: "Upload: ONNX graph, image to embedding." }),
    headSha256: t.string({ description: "Upload: ONNX graph, embedding to logits." }),
    graphSha256: t.string({ description: "Upload: one ONNX graph, image to logits." }),
    penultimateTensor: t.string({ description: "The tensor of the graph that is the embedding." }),
    embeddingWidth: t.int({ description: "Width d of brought embeddings; with ONNX it is measured." }),
    preprocessing: t.field({
      type: "JSON",
      description:
        "With ONNX: {width, height, resize: none|squash|shortest-edge, interpolation: nearest|bilinear|bicubic|lanczos3, mean, standardDeviation}.",
    }),
    gitCommit: t.string({ description: "Commit of the training code." }),
    trainingDataTag: t.string({ description: "Name of the training data." }),
    metadata: t.field({ type: "JSON", description: "A JSON object of up to 64 KiB." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same version back." }),
  }),
});

const newVersion = z
  .object({
    name,
    description: description.nullish(),
    classes,
    encoderSha256: z.string().nullish(),
    headSha256: z.string().nullish(),
    graphSha256: z.string().nullish(),
    penultimateTensor: z.string().min(1).max(1000).nullish(),
    embeddingWidth: z.int().min(1, "An embedding has at least one value.").max(65_536).nullish(),
    preprocessing: PreprocessingSpec.nullish(),
    gitCommit: name.nullish(),
    trainingDataTag: name.nullish(),
    metadata: metadata.nullish(),
  })
  .superRefine((input, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    const { encoderSha256, headSha256, graphSha256, penultimateTensor, embeddingWidth, preprocessing } =
      input;
    if (graphSha256 && (encoderSha256 || headSha256))
      refuse("graphSha256", "Give either encoder and head, or one graph, not both.");
    if (encoderSha256 && !headSha256)
      refuse("headSha256", "An encoder needs its head. Give both, or one graph with its penultimate tensor.");
    if (headSha256 && !encoderSha256)
      refuse(
        "encoderSha256",
        "A head needs its encoder. Give both, or one graph with its penultimate tensor.",
      );
    if (graphSha256 && !penultimateTensor)
      refuse("penultimateTensor", "Name the tensor of the graph that is the embedding.");
    const onnx = encoderSha256 || headSha256 || graphSha256;
    if (onnx && !preprocessing)
      refuse("preprocessing", "Say how a picture becomes the encoder's input: width, height, resize, ...");
    if (!onnx && !embeddingWidth)
      refuse(
        "embeddingWidth",
        "Without ONNX artifacts, give the width of the embeddings that you will bring.",
      );
  });

type NewVersion = z.infer<typeof newVersion>;

interface ValidatedArtifacts {
  encoderSha256: string | null;
  headSha256: string | null;
  embeddingWidth: number;
}

/** Where each part that the checks of packages/inference name is found in the input. */
const parts = {
  encoder: "input.encoderSha256",
  head: "input.headSha256",
  model: "input.graphSha256",
  "penultimate tensor": "input.penultimateTensor",
  classes: "input.classes",
  preprocessing: "input.preprocessing",
};

async function validateArtifacts(
  context: Context,
  projectId: string,
  input: NewVersion,
): Promise<ValidatedArtifacts> {
  const { preprocessing, encoderSha256, headSha256, graphSha256 } = input;
  if (!preprocessing || !(graphSha256 || (encoderSha256 && headSha256)))
    return { encoderSha256: null, headSha256: null, embeddingWidth: input.embeddingWidth as number };
  return trials.run(projectId, () => tryNetworks(context, projectId, input, preprocessing));
}

/** Loads the graphs and runs them once: what is registered runs. Splits a single graph. */
async function tryNetworks(
  context: Context,
  projectId: string,
  input: NewVersion,
  preprocessing: PreprocessingSpec,
): Promise<ValidatedArtifacts> {
  const { classes, encoderSha256, headSha256, graphSha256, penultimateTensor } = input;
  const limits = { memory: context.networkMemory };
  if (graphSha256) {
    const graph = await readArtifact(context, projectId, graphSha256, "input.graphSha256");
    return checked({ ...parts, encoder: parts.model, head: parts.model }, async () => {
      const { encoder, head } = await splitGraph(graph, penultimateTensor as string, limits);
      const version = { encoder, head, classes, preprocessing };
      const { embeddingWidth } = await validateModelVersion(version, limits);
      requireWidth(input, embeddingWidth);
      const storedEncoder = await storeArtifact(context, projectId, encoder);
      const storedHead = await storeArtifact(context, projectId, head);
      return { encoderSha256: storedEncoder.sha256, headSha256: storedHead.sha256, embeddingWidth };
    });
  }
  const [encoder, head] = [
    await readArtifact(context, projectId, encoderSha256 as string, parts.encoder),
    await readArtifact(context, projectId, headSha256 as string, parts.head),
  ];
  return checked(parts, async () => {
    const version = { encoder, head, classes, preprocessing };
    const { embeddingWidth } = await validateModelVersion(version, limits);
    requireWidth(input, embeddingWidth);
    return { encoderSha256: encoderSha256 as string, headSha256: headSha256 as string, embeddingWidth };
  });
}

function requireWidth(input: NewVersion, measured: number): void {
  if (input.embeddingWidth != null && input.embeddingWidth !== measured)
    throw ValidationError.of(
      "input.embeddingWidth",
      `The encoder gives ${measured} values, not ${input.embeddingWidth}. Leave the width out: it is measured.`,
    );
}

builder.mutationField("registerModelVersion", (t) =>
  t.prismaField({
    type: ModelVersionType,
    description:
      "Registers a version of a model; ONNX artifacts are loaded and run once, so that what is registered works. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: RegisterModelVersionInput, required: true, description: "The version." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const modelId = await requireNode(context, "Model", input.modelId, "input.modelId");
      const { projectId } = await prisma.model.findUniqueOrThrow({ where: { id: modelId } });
      const parsed = parse(newVersion, input, "input");
      const { name, description, classes, preprocessing, gitCommit, trainingDataTag, metadata } = parsed;
      const id = await createOnce(context, {
        projectId,
        operation: "registerModelVersion",
        nodeType: "ModelVersion",
        input,
        prepare: () => validateArtifacts(context, projectId, parsed),
        create: (transaction, artifacts) =>
          transaction.modelVersion.create({
            data: {
              modelId,
              name,
              description: description ?? "",
              classes,
              ...artifacts,
              preprocessing: preprocessing ?? undefined,
              gitCommit,
              trainingDataTag,
              metadata: (metadata ?? {}) as Prisma.InputJsonObject,
            },
            select: { id: true },
          }),
        unique: {
          field: "input.name",
          message: `The model has a version "${name}" already. Versions do not change: choose another name.`,
          find: () => prisma.modelVersion.findUnique({ where: { modelId_name: { modelId, name } } }),
        },
      });
      return prisma.modelVersion.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
