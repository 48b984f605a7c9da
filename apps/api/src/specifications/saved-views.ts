import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { createOnce } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { parse } from "../errors.ts";
import { name } from "../names.ts";

export const SavedViewType = builder.prismaNode("SavedView", {
  description: "A saved filter of the inputs table.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its project." }),
    query: t.exposeString("query", { description: "The query string of its address." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was saved." }),
  }),
});

export const savedViewPage = connectionOf("SavedView", SavedViewType);

const SaveViewInput = builder.inputType("SaveViewInput", {
  description: "A view to save.",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to save it in." }),
    name: t.string({ required: true, description: "Unique in the project." }),
    query: t.string({ required: true, description: "The query string of its address." }),
  }),
});

const newView = z.object({ name, query: z.string().max(10_000, "Use at most 10,000 characters.") });

builder.mutationField("saveView", (t) =>
  t.prismaField({
    type: SavedViewType,
    description: "Saves a view. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: SaveViewInput, required: true, description: "The view." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const data = parse(newView, input, "input");
      const id = await createOnce(context, {
        projectId,
        operation: "saveView",
        nodeType: "SavedView",
        input: {},
        create: (transaction) =>
          transaction.savedView.create({ data: { projectId, ...data }, select: { id: true } }),
        unique: {
          field: "input.name",
          message: `The project has a view "${data.name}" already. Delete it first, or choose another name.`,
          find: () =>
            prisma.savedView.findUnique({ where: { projectId_name: { projectId, name: data.name } } }),
        },
      });
      return prisma.savedView.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
