import { parseSpecification } from "@faultline/core";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { createOnce } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { parse } from "../errors.ts";
import { name } from "../names.ts";
import { readableSpecification } from "./readable-specification.ts";

export const SpecificationType = builder.prismaNode("Specification", {
  description: "A named property over strength predicates (Con_spec).",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its project." }),
    text: t.exposeString("text", {
      description: "As `predicted(truck) => strength(wheels) > strength(wings)`.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was saved." }),
  }),
});

export const specificationPage = connectionOf("Specification", SpecificationType);

const SaveSpecificationInput = builder.inputType("SaveSpecificationInput", {
  description: "A specification to save.",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to save it in." }),
    name: t.string({ required: true, description: "Unique in the project." }),
    text: t.string({ required: true, description: "Its text; the grammar is checked, names are not." }),
  }),
});

// The parser says what is wrong with the text, its length too.
const newSpecification = z.object({ name, text: z.string() });

builder.mutationField("saveSpecification", (t) =>
  t.prismaField({
    type: SpecificationType,
    description: "Saves a specification. Needs the write scope.",
    errors: creationErrors,
    args: {
      input: t.arg({ type: SaveSpecificationInput, required: true, description: "The specification." }),
    },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const { name, text } = parse(newSpecification, input, "input");
      readableSpecification("input.text", () => parseSpecification(text));
      const id = await createOnce(context, {
        projectId,
        operation: "saveSpecification",
        nodeType: "Specification",
        input: {},
        create: (transaction) =>
          transaction.specification.create({ data: { projectId, name, text }, select: { id: true } }),
        unique: {
          field: "input.name",
          message: `The project has a specification "${name}" already. Choose another name.`,
          find: () => prisma.specification.findUnique({ where: { projectId_name: { projectId, name } } }),
        },
      });
      return prisma.specification.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
