import { MAX_CONCEPTS } from "@faultline/core";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { createOnce } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { parse } from "../errors.ts";
import { list, name } from "../names.ts";
import { runPage } from "../runs/runs.ts";

const ConceptType = builder.prismaNode("Concept", {
  description: "A phrase of a concept set.",
  id: { field: "id" },
  fields: (t) => ({
    phrase: t.exposeString("phrase", { description: "As it goes into the templates." }),
    position: t.exposeInt("position", { description: "Place in its concept set, from 0." }),
  }),
});

export const ConceptSetType = builder.prismaNode("ConceptSet", {
  description: "A versioned, immutable list of concepts: an edit is a new version.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "The same for all of its versions." }),
    version: t.exposeInt("version", { description: "From 1." }),
    templates: t.exposeStringList("templates", {
      description: "Prompts around a phrase, as `a photo of {}`.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When this version was made." }),
    concepts: t.relation("concepts", {
      type: ConceptType,
      description: "In order; at most 4,096.",
      query: { orderBy: { position: "asc" } },
    }),
    runs: t.relatedConnection(
      "runs",
      {
        cursor: "id",
        totalCount: true,
        description: "Runs that used this version, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...runPage,
    ),
  }),
});

export const conceptSetPage = connectionOf("ConceptSet", ConceptSetType);

const CreateConceptSetInput = builder.inputType("CreateConceptSetInput", {
  description: "A new concept set, or a new version of one.",
  fields: (t) => ({
    projectId: t.id({ required: true, description: "The project to make it in." }),
    name: t.string({ required: true, description: "A name that exists already gets a new version." }),
    phrases: t.stringList({ required: true, description: "2 to 4,096 different phrases; order is kept." }),
    templates: t.stringList({ description: "Prompts with `{}` for the phrase; `a photo of {}` by default." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same version back." }),
  }),
});

export const defaultTemplates = ["a photo of {}"];

const newConceptSet = z.object({
  name,
  phrases: list(name, {
    min: 2,
    tooFew: "A concept set needs at least two concepts: a heatmap compares each with the others.",
    max: MAX_CONCEPTS,
    tooMany: `A concept set has at most ${MAX_CONCEPTS} concepts.`,
  }).superRefine((phrases, context) => {
    const seen = new Map<string, number>();
    for (const [i, phrase] of phrases.entries()) {
      const first = seen.get(phrase.toLowerCase());
      if (first !== undefined)
        context.addIssue({
          code: "custom",
          path: [i],
          message: `"${phrase}" is there twice (also at ${first}). Give each concept once.`,
        });
      else seen.set(phrase.toLowerCase(), i);
    }
  }),
  templates: list(
    z
      .string()
      .max(500, "Use at most 500 characters.")
      .refine((template) => template.split("{}").length === 2, "Put {} once, where the phrase goes."),
    {
      min: 1,
      tooFew: "Give at least one template, or leave templates out.",
      max: 200,
      tooMany: "Give at most 200 templates.",
    },
  ).nullish(),
});

builder.mutationField("createConceptSet", (t) =>
  t.prismaField({
    type: ConceptSetType,
    description: "Makes a concept set, or the next version of one. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: CreateConceptSetInput, required: true, description: "The concept set." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const projectId = await requireNode(context, "Project", input.projectId, "input.projectId");
      const { name, phrases, templates } = parse(newConceptSet, input, "input");
      const id = await createOnce(context, {
        projectId,
        operation: "createConceptSet",
        nodeType: "ConceptSet",
        input,
        create: async (transaction) => {
          // One writer a name at a time, so that versions count up without a gap or a clash.
          await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${projectId} concept set ${name}`}, 0))`;
          const { _max } = await transaction.conceptSet.aggregate({
            where: { projectId, name },
            _max: { version: true },
          });
          return transaction.conceptSet.create({
            data: {
              projectId,
              name,
              version: (_max.version ?? 0) + 1,
              templates: templates ?? defaultTemplates,
              concepts: { createMany: { data: phrases.map((phrase, position) => ({ phrase, position })) } },
            },
            select: { id: true },
          });
        },
      });
      return prisma.conceptSet.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
