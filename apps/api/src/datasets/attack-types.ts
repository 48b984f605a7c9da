import type { Prisma } from "@faultline/db";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { createOnce } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { parse } from "../errors.ts";
import { metadata, name } from "../names.ts";

export const AttackTypeType = builder.prismaNode("AttackType", {
  description: "An adversarial attack with its parameters.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its project, as `FGSM 8/255`." }),
    norm: t.exposeString("norm", { description: "Norm of the perturbation, as `Linf`." }),
    epsilon: t.exposeFloat("epsilon", {
      description: "Largest perturbation in that norm, of pixels in [0, 1].",
    }),
    steps: t.exposeInt("steps", { nullable: true, description: "Steps of an iterative attack." }),
    parameters: t.expose("parameters", { type: "JSON", description: "Whatever else decides it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
  }),
});

export const attackTypePage = connectionOf("AttackType", AttackTypeType);

const CreateAttackTypeInput = builder.inputType("CreateAttackTypeInput", {
  description: "A new attack type.",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to make it in." }),
    name: t.string({ required: true, description: "Unique in the project." }),
    norm: t.string({ required: true, description: "Norm of the perturbation, as `Linf`." }),
    epsilon: t.float({ required: true, description: "Largest perturbation in that norm, 0 or more." }),
    steps: t.int({ description: "Steps of an iterative attack." }),
    parameters: t.field({ type: "JSON", description: "A JSON object of whatever else decides it." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same attack type back." }),
  }),
});

const newAttackType = z.object({
  name,
  norm: name,
  epsilon: z.number().min(0, "A perturbation is 0 or more."),
  steps: z.int().min(1, "An iterative attack has at least one step.").nullish(),
  parameters: metadata.nullish(),
});

builder.mutationField("createAttackType", (t) =>
  t.prismaField({
    type: AttackTypeType,
    description: "Makes an attack type, for attacked datasets to name. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: CreateAttackTypeInput, required: true, description: "The attack type." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const { parameters, ...parsed } = parse(newAttackType, input, "input");
      const { name } = parsed;
      const id = await createOnce(context, {
        projectId,
        operation: "createAttackType",
        nodeType: "AttackType",
        input,
        create: (transaction) =>
          transaction.attackType.create({
            data: { projectId, ...parsed, parameters: (parameters ?? {}) as Prisma.InputJsonObject },
            select: { id: true },
          }),
        unique: {
          field: "input.name",
          message: `The project has an attack type "${name}" already. Choose another name.`,
          find: () => prisma.attackType.findUnique({ where: { projectId_name: { projectId, name } } }),
        },
      });
      return prisma.attackType.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
