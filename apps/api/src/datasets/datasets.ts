import { someNames } from "@faultline/core";
import { z } from "zod";
import { optionalNode, requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import type { Context } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { DatasetStatusType, SplitType } from "../enums.ts";
import { creationErrors } from "../error-types.ts";
import { parse, ValidationError } from "../errors.ts";
import { enqueue } from "../jobs.ts";
import { classes, name } from "../names.ts";
import { requireArtifact } from "../registry/artifacts.ts";
import { inputPage } from "./inputs.ts";

interface SplitCount {
  split: "ALIGNMENT" | "CALIBRATION" | "TEST";
  inputs: number;
  labelled: number;
}

const SplitCountType = builder.objectRef<SplitCount>("SplitCount").implement({
  description: "Size of a split.",
  fields: (t) => ({
    split: t.expose("split", { type: SplitType, description: "The split." }),
    inputs: t.exposeInt("inputs", { description: "Its inputs." }),
    labelled: t.exposeInt("labelled", { description: "Those of them whose true class is known." }),
  }),
});

export const DatasetType = builder.prismaNode("Dataset", {
  description:
    "Inputs of one origin. An attacked dataset names its clean one, whose alignment and calibration splits it uses.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its project." }),
    classes: t.exposeStringList("classes", { description: "Names of the labels." }),
    status: t.expose("status", {
      type: DatasetStatusType,
      description: "How far it is read.",
    }),
    error: t.exposeString("error", { nullable: true, description: "Why it could not be read." }),
    inputCount: t.int({
      nullable: true,
      description: "All of its inputs; null until it is read.",
      select: { status: true, inputCount: true },
      resolve: ({ status, inputCount }) => (status === "READY" ? inputCount : null),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    splitCounts: t.loadableList({
      type: SplitCountType,
      description: "Size of each split that has inputs.",
      load: (ids: string[], context) => splitCounts(ids, context),
      resolve: ({ id }) => id,
    }),
    attackType: t.relation("attackType", { nullable: true, description: "The attack; null for clean data." }),
    attackedModelVersion: t.relation("attackedModelVersion", {
      nullable: true,
      description: "The model version that the attack was made against.",
    }),
    cleanDataset: t.relation("cleanDataset", { nullable: true, description: "What was attacked." }),
    inputs: t.relatedConnection(
      "inputs",
      {
        cursor: "id",
        totalCount: true,
        description: "Its inputs, in order.",
        args: { split: t.arg({ type: SplitType, description: "Only this split." }) },
        query: ({ split }) => ({ where: { split: split ?? undefined }, orderBy: { id: "asc" } }),
      },
      ...inputPage,
    ),
    embeddingSets: t.relation("embeddings", {
      description: "Matrices that were brought for it.",
      query: { orderBy: { id: "asc" } },
    }),
  }),
});

export const datasetPage = connectionOf("Dataset", DatasetType);

// Apart from its type, because its connection is made of it.
builder.prismaObjectField(DatasetType, "attackedDatasets", (t) =>
  t.relatedConnection(
    "attackedDatasets",
    {
      cursor: "id",
      totalCount: true,
      description: "Attacked versions of it, newest first.",
      query: { orderBy: { id: "desc" } },
    },
    ...datasetPage,
  ),
);

async function splitCounts(datasetIds: string[], { prisma }: Context): Promise<SplitCount[][]> {
  const rows = await prisma.input.groupBy({
    by: ["datasetId", "split"],
    where: { datasetId: { in: datasetIds } },
    _count: { _all: true, label: true },
    orderBy: { split: "asc" },
  });
  return datasetIds.map((id) =>
    rows
      .filter(({ datasetId }) => datasetId === id)
      .map(({ split, _count }) => ({ split, inputs: _count._all, labelled: _count.label })),
  );
}

const CreateDatasetInput = builder.inputType("CreateDatasetInput", {
  description:
    "Either an uploaded ImageFolder archive (split/class/file) or an uploaded JSON-lines manifest of {id, split, label, cleanId, sha256}.",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to make it in." }),
    name: t.string({ required: true, description: "Unique in the project." }),
    classes: t.stringList({ required: true, description: "Names of the labels, as the folders are called." }),
    archiveSha256: t.string({ description: "Upload: tar or zip." }),
    manifestSha256: t.string({ description: "Upload: JSON lines." }),
    attackTypeId: t.id({ description: "For attacked data: the attack." }),
    attackedModelVersionId: t.id({ description: "For attacked data: the version that was attacked." }),
    cleanDatasetId: t.id({ description: "For attacked data: the dataset whose inputs were attacked." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same dataset back." }),
  }),
});

const newDataset = z
  .object({
    name,
    classes,
    archiveSha256: z.string().nullish(),
    manifestSha256: z.string().nullish(),
    attackTypeId: z.string().nullish(),
    attackedModelVersionId: z.string().nullish(),
    cleanDatasetId: z.string().nullish(),
  })
  .superRefine((input, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    if (!input.archiveSha256 && !input.manifestSha256)
      refuse("archiveSha256", "Upload an ImageFolder archive or a manifest, and give its hash here.");
    if (input.archiveSha256 && input.manifestSha256)
      refuse("manifestSha256", "Give either an archive or a manifest, not both.");
    if (input.attackTypeId && !input.cleanDatasetId)
      refuse("cleanDatasetId", "Attacked data needs the clean dataset that it was made from.");
    if (input.cleanDatasetId && !input.attackTypeId)
      refuse("attackTypeId", "Name the attack that made this dataset from the clean one.");
    if (input.attackedModelVersionId && !input.attackTypeId)
      refuse("attackTypeId", "Name the attack that was made against the model version.");
  });

builder.mutationField("createDataset", (t) =>
  t.prismaField({
    type: DatasetType,
    description:
      "Makes a dataset from an upload; a worker then reads it (watch `status`). Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: CreateDatasetInput, required: true, description: "The dataset." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const { name, classes, ...parsed } = parse(newDataset, input, "input");
      const archiveSha256 = parsed.archiveSha256 ?? null;
      const manifestSha256 = parsed.manifestSha256 ?? null;
      const id = await createOnce(context, {
        projectId,
        operation: "createDataset",
        nodeType: "Dataset",
        input,
        prepare: async () => {
          if (archiveSha256) await requireArtifact(context, projectId, archiveSha256, "input.archiveSha256");
          if (manifestSha256)
            await requireArtifact(context, projectId, manifestSha256, "input.manifestSha256");
          return {
            attackTypeId: await optionalNode(
              context,
              "AttackType",
              parsed.attackTypeId,
              "input.attackTypeId",
            ),
            attackedModelVersionId: await optionalNode(
              context,
              "ModelVersion",
              parsed.attackedModelVersionId,
              "input.attackedModelVersionId",
            ),
            cleanDatasetId: await optionalNode(
              context,
              "Dataset",
              parsed.cleanDatasetId,
              "input.cleanDatasetId",
            ),
          };
        },
        create: async (transaction, origin) => {
          await requireOneProject(transaction, projectId, origin);
          await requireCleanDataset(transaction, origin.cleanDatasetId, classes);
          const dataset = await transaction.dataset.create({
            data: { projectId, name, classes, archiveSha256, manifestSha256, ...origin },
            select: { id: true },
          });
          await enqueue(transaction, "ingest-dataset", {
            datasetId: dataset.id,
            archiveSha256,
            manifestSha256,
          });
          return dataset;
        },
        unique: {
          field: "input.name",
          message: `The project has a dataset "${name}" already. Choose another name.`,
          find: () => prisma.dataset.findUnique({ where: { projectId_name: { projectId, name } } }),
        },
      });
      return prisma.dataset.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

interface Origin {
  attackTypeId: string | null;
  attackedModelVersionId: string | null;
  cleanDatasetId: string | null;
}

/** A token of the whole installation reaches many projects: what it combines must lie in one of them. */
async function requireOneProject(
  prisma: Pick<Context["prisma"], "attackType" | "modelVersion" | "dataset">,
  projectId: string,
  { attackTypeId, attackedModelVersionId, cleanDatasetId }: Origin,
): Promise<void> {
  const [attackType, modelVersion, cleanDataset] = [
    attackTypeId && (await prisma.attackType.findUnique({ where: { id: attackTypeId } })),
    attackedModelVersionId &&
      (await prisma.modelVersion.findUnique({
        where: { id: attackedModelVersionId },
        select: { model: true },
      })),
    cleanDatasetId && (await prisma.dataset.findUnique({ where: { id: cleanDatasetId } })),
  ];
  const elsewhere = (field: string) => ValidationError.of(field, "This lies in another project.");
  if (attackType && attackType.projectId !== projectId) throw elsewhere("input.attackTypeId");
  if (modelVersion && modelVersion.model.projectId !== projectId)
    throw elsewhere("input.attackedModelVersionId");
  if (cleanDataset && cleanDataset.projectId !== projectId) throw elsewhere("input.cleanDatasetId");
}

async function requireCleanDataset(
  prisma: Pick<Context["prisma"], "dataset">,
  cleanDatasetId: string | null,
  classes: readonly string[],
): Promise<void> {
  if (cleanDatasetId === null) return;
  const clean = await prisma.dataset.findUniqueOrThrow({ where: { id: cleanDatasetId } });
  if (clean.cleanDatasetId !== null)
    throw ValidationError.of(
      "input.cleanDatasetId",
      `"${clean.name}" is attacked data itself. Name clean data.`,
    );
  if (clean.status !== "READY")
    throw ValidationError.of(
      "input.cleanDatasetId",
      `"${clean.name}" is ${clean.status}. Wait until it is READY.`,
    );
  const unknown = classes.findIndex((name, i) => clean.classes[i] !== name);
  if (unknown >= 0 || classes.length !== clean.classes.length)
    throw ValidationError.of(
      "input.classes",
      `Use the clean dataset's classes: ${someNames(clean.classes)}.`,
    );
}
