import { z } from "zod";
import { builder } from "../builder.ts";
import { conceptSetPage } from "../concepts/concept-sets.ts";
import { connectionOf } from "../connection-of.ts";
import type { Context } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { attackTypePage } from "../datasets/attack-types.ts";
import { datasetPage } from "../datasets/datasets.ts";
import { detectorPage } from "../detectors/detectors.ts";
import { RunStatusType } from "../enums.ts";
import { ConflictError, ForbiddenError, parse, ValidationError } from "../errors.ts";
import { name } from "../names.ts";
import { modelPage } from "../registry/models.ts";
import { visionLanguageModelPage } from "../registry/vision-language-models.ts";
import { runPage } from "../runs/runs.ts";
import { savedViewPage } from "../specifications/saved-views.ts";
import { specificationPage } from "../specifications/specifications.ts";
import { apiTokenPage } from "./api-tokens.ts";
import { optionalNode } from "./reach.ts";

export const ProjectType = builder.prismaNode("Project", {
  description: "The tenant border: everything belongs to exactly one project.",
  id: { field: "id" },
  fields: (t) => ({
    slug: t.exposeString("slug", { description: "Short unique name, as in addresses." }),
    name: t.exposeString("name", { description: "Name for people." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    model: t.prismaField({
      type: "Model",
      nullable: true,
      description: "A model by name; null when there is none.",
      args: { name: t.arg.string({ required: true, description: "The model's name." }) },
      resolve: (query, { id }, { name }, { prisma }) =>
        prisma.model.findUnique({ ...query, where: { projectId_name: { projectId: id, name } } }),
    }),
    visionLanguageModel: t.prismaField({
      type: "VisionLanguageModel",
      nullable: true,
      description: "A VLM by name; null when there is none.",
      args: { name: t.arg.string({ required: true, description: "The VLM's name." }) },
      resolve: (query, { id }, { name }, { prisma }) =>
        prisma.visionLanguageModel.findUnique({
          ...query,
          where: { projectId_name: { projectId: id, name } },
        }),
    }),
    conceptSet: t.prismaField({
      type: "ConceptSet",
      nullable: true,
      description: "A concept set by name; null when there is none.",
      args: {
        name: t.arg.string({ required: true, description: "The concept set's name." }),
        version: t.arg.int({ description: "The newest version when left out." }),
      },
      resolve: (query, { id }, { name, version }, { prisma }) =>
        prisma.conceptSet.findFirst({
          ...query,
          where: { projectId: id, name, version: version ?? undefined },
          orderBy: { version: "desc" },
        }),
    }),
    attackType: t.prismaField({
      type: "AttackType",
      nullable: true,
      description: "An attack type by name; null when there is none.",
      args: { name: t.arg.string({ required: true, description: "The attack type's name." }) },
      resolve: (query, { id }, { name }, { prisma }) =>
        prisma.attackType.findUnique({ ...query, where: { projectId_name: { projectId: id, name } } }),
    }),
    dataset: t.prismaField({
      type: "Dataset",
      nullable: true,
      description: "A dataset by name; null when there is none.",
      args: { name: t.arg.string({ required: true, description: "The dataset's name." }) },
      resolve: (query, { id }, { name }, { prisma }) =>
        prisma.dataset.findUnique({ ...query, where: { projectId_name: { projectId: id, name } } }),
    }),
    detector: t.prismaField({
      type: "Detector",
      nullable: true,
      description: "A detector by name; null when there is none.",
      args: {
        name: t.arg.string({ required: true, description: "The detector's name." }),
        version: t.arg.int({ description: "The newest version when left out." }),
      },
      resolve: (query, { id }, { name, version }, { prisma }) =>
        prisma.detector.findFirst({
          ...query,
          where: { projectId: id, name, version: version ?? undefined },
          orderBy: { version: "desc" },
        }),
    }),
    models: t.relatedConnection(
      "models",
      {
        cursor: "id",
        totalCount: true,
        description: "Models, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...modelPage,
    ),
    visionLanguageModels: t.relatedConnection(
      "visionLanguageModels",
      {
        cursor: "id",
        totalCount: true,
        description: "VLMs, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...visionLanguageModelPage,
    ),
    conceptSets: t.relatedConnection(
      "conceptSets",
      {
        cursor: "id",
        totalCount: true,
        description: "Every version of every concept set, newest first.",
        args: { name: t.arg.string({ description: "Only versions of this concept set." }) },
        query: ({ name }) => ({ where: { name: name ?? undefined }, orderBy: { id: "desc" } }),
      },
      ...conceptSetPage,
    ),
    attackTypes: t.relatedConnection(
      "attackTypes",
      {
        cursor: "id",
        totalCount: true,
        description: "Attack types, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...attackTypePage,
    ),
    datasets: t.relatedConnection(
      "datasets",
      {
        cursor: "id",
        totalCount: true,
        description: "Datasets, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...datasetPage,
    ),
    runs: t.prismaConnection(
      {
        type: "Run",
        cursor: "id",
        description: "Runs, newest first.",
        args: {
          status: t.arg({ type: RunStatusType, description: "Only runs in this state." }),
          modelVersionId: t.arg.id({ description: "Only runs of this model version." }),
          datasetId: t.arg.id({ description: "Only runs on this dataset." }),
        },
        totalCount: async ({ id }, args, context) =>
          context.prisma.run.count({ where: await runFilter(id, args, context) }),
        resolve: async (query, { id }, args, context) =>
          context.prisma.run.findMany({
            ...query,
            where: await runFilter(id, args, context),
            orderBy: { id: "desc" },
          }),
      },
      ...runPage,
    ),
    detectors: t.relatedConnection(
      "detectors",
      {
        cursor: "id",
        totalCount: true,
        description: "Every version of every detector, newest first.",
        args: { published: t.arg.boolean({ description: "Only published ones, or only unpublished ones." }) },
        query: ({ published }) => ({
          where: published == null ? {} : { publishedAt: published ? { not: null } : null },
          orderBy: { id: "desc" },
        }),
      },
      ...detectorPage,
    ),
    specifications: t.relatedConnection(
      "specifications",
      {
        cursor: "id",
        totalCount: true,
        description: "Saved specifications, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...specificationPage,
    ),
    savedViews: t.relatedConnection(
      "savedViews",
      {
        cursor: "id",
        totalCount: true,
        description: "Saved views, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...savedViewPage,
    ),
    tokens: t.relatedConnection(
      "tokens",
      {
        cursor: "id",
        totalCount: true,
        authScopes: { admin: true },
        description: "Tokens of this project, newest first. Needs the admin scope.",
        query: { orderBy: { id: "desc" } },
      },
      ...apiTokenPage,
    ),
  }),
});

export const projectPage = connectionOf("Project", ProjectType);

interface RunFilter {
  status?: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | null;
  modelVersionId?: string | null;
  datasetId?: string | null;
}

async function runFilter(projectId: string, filter: RunFilter, context: Context) {
  const [modelVersionId, datasetId] = await Promise.all([
    optionalNode(context, "ModelVersion", filter.modelVersionId, "modelVersionId"),
    optionalNode(context, "Dataset", filter.datasetId, "datasetId"),
  ]);
  return {
    projectId,
    status: filter.status ?? undefined,
    modelVersionId: modelVersionId ?? undefined,
    datasetId: datasetId ?? undefined,
  };
}

builder.queryFields((t) => ({
  projects: t.prismaConnection(
    {
      type: "Project",
      cursor: "id",
      description: "The projects that this token reaches, by age.",
      resolve: (query, _root, _args, { prisma, access }) =>
        prisma.project.findMany({ ...query, where: access.reach, orderBy: { id: "asc" } }),
      totalCount: (_root, _args, { prisma, access }) => prisma.project.count({ where: access.reach }),
    },
    ...projectPage,
  ),
  project: t.prismaField({
    type: "Project",
    nullable: true,
    description: "A project by its slug; null when there is none within reach.",
    args: { slug: t.arg.string({ required: true, description: "The project's slug." }) },
    resolve: (query, _root, { slug }, { prisma, access }) =>
      prisma.project.findFirst({ ...query, where: { AND: [access.reach, { slug }] } }),
  }),
}));

const newProject = z.object({
  slug: z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
      "Use 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end.",
    ),
  name,
});

const CreateProjectInput = builder.inputType("CreateProjectInput", {
  description: "A new project.",
  fields: (t) => ({
    slug: t.string({
      required: true,
      description: "1 to 63 lower-case letters, digits and hyphens; unique.",
    }),
    name: t.string({ required: true, description: "Name for people." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same project back." }),
  }),
});

builder.mutationField("createProject", (t) =>
  t.prismaField({
    type: ProjectType,
    description: "Makes a project. Needs a token with the admin scope that is not bound to a project.",
    authScopes: { admin: true },
    errors: { types: [ValidationError, ConflictError, ForbiddenError] },
    args: { input: t.arg({ type: CreateProjectInput, required: true, description: "The project." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma, access } = context;
      if (access.token?.projectId != null) throw new ForbiddenError("ADMIN");
      const data = parse(newProject, input, "input");
      const id = await createOnce(context, {
        projectId: null,
        operation: "createProject",
        nodeType: "Project",
        input,
        create: (transaction) => transaction.project.create({ data, select: { id: true } }),
        unique: {
          field: "input.slug",
          message: `There is a project "${data.slug}" already. Choose another slug.`,
          find: () => prisma.project.findUnique({ where: { slug: data.slug }, select: { id: true } }),
        },
      });
      return prisma.project.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
