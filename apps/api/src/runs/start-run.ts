import { readRunParts } from "@faultline/db";
import { findObstacles, type RunConfiguration } from "@faultline/run";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { createOnce, type Transaction } from "../create-once.ts";
import { creationErrors } from "../error-types.ts";
import { ConflictError, ForbiddenError, NotFoundError, parse, ValidationError } from "../errors.ts";
import { enqueue } from "../jobs.ts";
import { name } from "../names.ts";
import { configurationOf, RunConfigurationInput } from "./run-configuration.ts";
import { RunType } from "./runs.ts";

const StartRunInput = builder.inputType("StartRunInput", {
  description: "A new run.",
  fields: (t) => ({
    name: t.string({ description: "Name for people; made from model version and dataset when left out." }),
    modelVersionId: t.id({ required: true, description: "What to analyse." }),
    visionLanguageModelId: t.id({ required: true, description: "The VLM to read it through." }),
    conceptSetId: t.id({ required: true, description: "The words to read it in." }),
    datasetId: t.id({ required: true, description: "The inputs; READY." }),
    configuration: t.field({
      type: RunConfigurationInput,
      description: "How to analyse; all defaults when left out.",
    }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same run back." }),
  }),
});

const newRun = z.object({ name: name.nullish() });

const include = { modelVersion: { include: { model: true } }, visionLanguageModel: true } as const;

/** What a run is made of, each found within reach and all of one project. */
async function findParts(context: Context, input: typeof StartRunInput.$inferInput) {
  const { prisma } = context;
  const [modelVersionId, visionLanguageModelId, conceptSetId, datasetId] = await Promise.all([
    requireNode(context, "ModelVersion", input.modelVersionId, "input.modelVersionId"),
    requireNode(context, "VisionLanguageModel", input.visionLanguageModelId, "input.visionLanguageModelId"),
    requireNode(context, "ConceptSet", input.conceptSetId, "input.conceptSetId"),
    requireNode(context, "Dataset", input.datasetId, "input.datasetId"),
  ]);
  const [modelVersion, visionLanguageModel, conceptSet, dataset] = await Promise.all([
    prisma.modelVersion.findUniqueOrThrow({
      where: { id: modelVersionId },
      include: include.modelVersion.include,
    }),
    prisma.visionLanguageModel.findUniqueOrThrow({ where: { id: visionLanguageModelId } }),
    prisma.conceptSet.findUniqueOrThrow({ where: { id: conceptSetId } }),
    prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } }),
  ]);
  const { projectId } = modelVersion.model;
  for (const [field, part] of Object.entries({ visionLanguageModel, conceptSet, dataset }))
    if (part.projectId !== projectId)
      throw ValidationError.of(`input.${field}Id`, "This lies in another project than the model version.");
  return { projectId, modelVersion, visionLanguageModel, conceptSet, dataset };
}

type Parts = Awaited<ReturnType<typeof findParts>>;

/** Says now what would make the run fail later. @throws ValidationError with everything that is wrong */
async function requireRunnable(
  { prisma }: Context,
  { modelVersion, visionLanguageModel, conceptSet, dataset }: Parts,
  configuration: RunConfiguration,
): Promise<void> {
  const parts = await readRunParts(prisma, {
    modelVersionId: modelVersion.id,
    visionLanguageModelId: visionLanguageModel.id,
    conceptSetId: conceptSet.id,
    datasetId: dataset.id,
  });
  const obstacles = findObstacles(parts, configuration);
  if (obstacles.length > 0)
    throw new ValidationError(obstacles.map(({ part, message }) => ({ field: `input.${part}Id`, message })));
}

builder.mutationField("startRun", (t) =>
  t.prismaField({
    type: RunType,
    description: "Asks for an analysis; workers take it up (watch runProgress). Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: StartRunInput, required: true, description: "The run." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const parsed = parse(newRun, input, "input");
      const configuration = configurationOf(input.configuration);
      const parts = await findParts(context, input);
      const { projectId, modelVersion, visionLanguageModel, conceptSet, dataset } = parts;
      const id = await createOnce(context, {
        projectId,
        operation: "startRun",
        nodeType: "Run",
        input,
        prepare: () => requireRunnable(context, parts, configuration),
        create: async (transaction) => {
          const run = await transaction.run.create({
            data: {
              projectId,
              name: parsed.name ?? `${modelVersion.model.name} ${modelVersion.name} on ${dataset.name}`,
              modelVersionId: modelVersion.id,
              visionLanguageModelId: visionLanguageModel.id,
              conceptSetId: conceptSet.id,
              datasetId: dataset.id,
              configuration,
              seed: configuration.seed,
            },
            select: { id: true, attempt: true },
          });
          await enqueue(transaction, "plan-run", { runId: run.id, attempt: run.attempt });
          return run;
        },
      });
      return prisma.run.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

const changeErrors = { types: [NotFoundError, ConflictError, ForbiddenError] };

builder.mutationField("cancelRun", (t) =>
  t.prismaField({
    type: RunType,
    description: "Stops a run; workers stop within one batch. Needs the write scope.",
    errors: changeErrors,
    args: { id: t.arg.id({ required: true, description: "The run." }) },
    resolve: async (query, _root, args, context) => {
      const id = await requireNode(context, "Run", args.id, "id");
      await changeStatus(context, id, async (transaction, { status }) => {
        if (status !== "QUEUED" && status !== "RUNNING")
          throw new ConflictError(
            "id",
            `The run has ended (${status}); only a queued or running one can be cancelled.`,
          );
        const now = new Date();
        await transaction.run.update({
          where: { id },
          data: { status: "CANCELLED", cancelRequestedAt: now, finishedAt: now },
        });
      });
      return context.prisma.run.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

builder.mutationField("retryRun", (t) =>
  t.prismaField({
    type: RunType,
    description:
      "Begins a failed or cancelled run again; what is computed is not computed twice. Needs the write scope.",
    errors: changeErrors,
    args: { id: t.arg.id({ required: true, description: "The run." }) },
    resolve: async (query, _root, args, context) => {
      const id = await requireNode(context, "Run", args.id, "id");
      await changeStatus(context, id, async (transaction, { status }) => {
        if (status !== "FAILED" && status !== "CANCELLED")
          throw new ConflictError(
            "id",
            `The run is ${status}; only a failed or cancelled one can be retried.`,
          );
        const { attempt } = await transaction.run.update({
          where: { id },
          data: {
            status: "QUEUED",
            stage: null,
            error: null,
            attempt: { increment: 1 },
            startedAt: null,
            finishedAt: null,
            cancelRequestedAt: null,
          },
        });
        await transaction.runProgress.deleteMany({ where: { runId: id } });
        await enqueue(transaction, "plan-run", { runId: id, attempt });
      });
      return context.prisma.run.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

/** Changes a run while its row is locked, and tells who watches it. */
async function changeStatus(
  { prisma }: Context,
  id: string,
  change: (transaction: Transaction, run: { status: string }) => Promise<void>,
): Promise<void> {
  await prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM run WHERE id = ${id}::uuid FOR UPDATE`;
    const { status } = await transaction.run.findUniqueOrThrow({ where: { id }, select: { status: true } });
    await change(transaction, { status });
    await transaction.$executeRaw`SELECT pg_notify('faultline_run', ${id})`;
  });
}
