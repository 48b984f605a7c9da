import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { createOnce } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { parse } from "../errors.ts";
import { description, name } from "../names.ts";
import { modelVersionPage } from "./model-versions.ts";

export const ModelType = builder.prismaNode("Model", {
  description: "A classifier through all of its versions.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its project." }),
    description: t.exposeString("description", { description: "What it is for; may be empty." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    project: t.relation("project", { description: "The project that it belongs to." }),
    versions: t.relatedConnection(
      "versions",
      {
        cursor: "id",
        totalCount: true,
        description: "Its versions, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...modelVersionPage,
    ),
    version: t.prismaField({
      type: "ModelVersion",
      nullable: true,
      description: "A version by name; null when there is none.",
      args: { name: t.arg.string({ required: true, description: "The version's name." }) },
      resolve: (query, { id }, { name }, { prisma }) =>
        prisma.modelVersion.findUnique({ ...query, where: { modelId_name: { modelId: id, name } } }),
    }),
  }),
});

export const modelPage = connectionOf("Model", ModelType);

const CreateModelInput = builder.inputType("CreateModelInput", {
  description: "A new model.",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to make it in." }),
    name: t.string({ required: true, description: "Unique in the project." }),
    description: t.string({ description: "What it is for." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same model back." }),
  }),
});

const newModel = z.object({ name, description: description.nullish() });

builder.mutationField("createModel", (t) =>
  t.prismaField({
    type: ModelType,
    description: "Makes a model, to register versions of. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: CreateModelInput, required: true, description: "The model." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const { name, description } = parse(newModel, input, "input");
      const id = await createOnce(context, {
        projectId,
        operation: "createModel",
        nodeType: "Model",
        input,
        create: (transaction) =>
          transaction.model.create({
            data: { projectId, name, description: description ?? "" },
            select: { id: true },
          }),
        unique: {
          field: "input.name",
          message: `The project has a model "${name}" already. Register a version of it, or choose another name.`,
          find: () => prisma.model.findUnique({ where: { projectId_name: { projectId, name } } }),
        },
      });
      return prisma.model.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
