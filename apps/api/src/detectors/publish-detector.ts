import { Detector, exportDetector, SIMILARITIES } from "@faultline/core";
import { runConfigurationSchema } from "@faultline/run";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { SimilarityType } from "../enums.ts";
import { creationErrors } from "../error-types.ts";
import { parse, ValidationError } from "../errors.ts";
import { name } from "../names.ts";
import { storeArtifact } from "../registry/artifacts.ts";
import { DetectorType } from "./detectors.ts";
import { detectorSelection, runDetector } from "./run-detector.ts";

const PublishDetectorInput = builder.inputType("PublishDetectorInput", {
  description: "A detector to publish from a run that succeeded.",
  fields: (t) => ({
    runId: t.id({ required: true, description: "The run whose calibration it is made from." }),
    name: t.string({ required: true, description: "A name that exists already gets a new version." }),
    similarity: t.field({ type: SimilarityType, description: "The run's own when left out." }),
    falseAlarmRate: t.float({
      description:
        "Wanted false-alarm rate, between 0 and 1; null keeps the paper's rule, score > 0; the run's own when left out.",
    }),
    threshold: t.float({ description: "Or a threshold of your own, for every class." }),
    idempotencyKey: t.string({ description: "Repeats with the same key give the same detector back." }),
  }),
});

const newDetector = z
  .object({
    name,
    similarity: z.enum(SIMILARITIES).nullish(),
    falseAlarmRate: z.number().gt(0, "Use a rate above 0.").lt(1, "Use a rate below 1.").nullish(),
    threshold: z.number().nullish(),
  })
  .refine(({ falseAlarmRate, threshold }) => falseAlarmRate == null || threshold == null, {
    path: ["threshold"],
    message: "Give either a false-alarm rate or a threshold, not both.",
  });

type NewDetector = z.infer<typeof newDetector>;

interface Calibrated {
  detector: Detector;
  falseAlarmRate: number | null;
  threshold: number;
}

/** The detector as asked for, calibrated from the run's calibration inputs by the run's own seed. */
async function calibrate(
  { artifactStore, prisma }: Context,
  runId: string,
  wanted: NewDetector,
): Promise<Calibrated> {
  const run = await prisma.run.findUniqueOrThrow({
    where: { id: runId },
    select: { status: true, ...detectorSelection },
  });
  if (run.status !== "SUCCEEDED")
    throw ValidationError.of("input.runId", `The run is ${run.status}. Publish from a run that succeeded.`);
  const { similarity, threshold } = wanted;
  const falseAlarmRate =
    threshold != null
      ? null
      : wanted.falseAlarmRate === undefined
        ? runConfigurationSchema.parse(run.configuration).falseAlarmRate
        : wanted.falseAlarmRate;
  const detector = await runDetector(artifactStore, run, {
    similarity: similarity ?? undefined,
    falseAlarmRate,
  });
  if (!detector)
    throw ValidationError.of(
      "input.runId",
      "The run's calibration inputs are all correct or all wrong, so there is no behaviour to compare with. Add calibration inputs.",
    );
  if (threshold == null)
    return { detector, falseAlarmRate, threshold: detector.model.references[0].threshold };
  const references = detector.model.references.map((reference) => ({ ...reference, threshold }));
  return { detector: new Detector({ ...detector.model, references }), falseAlarmRate, threshold };
}

builder.mutationField("publishDetector", (t) =>
  t.prismaField({
    type: DetectorType,
    description:
      "Publishes a detector, or the next version of one, as a JSON artifact. Needs the write scope.",
    errors: creationErrors,
    args: { input: t.arg({ type: PublishDetectorInput, required: true, description: "The detector." }) },
    resolve: async (query, _root, { input }, context) => {
      const { prisma } = context;
      const runId = await requireNode(context, "Run", input.runId, "input.runId");
      const { projectId } = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
      const parsed = parse(newDetector, input, "input");
      const id = await createOnce(context, {
        projectId,
        operation: "publishDetector",
        nodeType: "Detector",
        input,
        prepare: async () => {
          const { detector, falseAlarmRate, threshold } = await calibrate(context, runId, parsed);
          const stored = await storeArtifact(
            context,
            projectId,
            Buffer.from(JSON.stringify(exportDetector(detector))),
          );
          return {
            similarity: detector.model.similarity,
            falseAlarmRate,
            threshold,
            artifactSha256: stored.sha256,
          };
        },
        create: async (transaction, data) => {
          const { name } = parsed;
          // One writer a name at a time, so that versions count up without a gap or a clash.
          await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${projectId} detector ${name}`}, 0))`;
          const { _max } = await transaction.detector.aggregate({
            where: { projectId, name },
            _max: { version: true },
          });
          return transaction.detector.create({
            data: {
              projectId,
              runId,
              name,
              version: (_max.version ?? 0) + 1,
              publishedAt: new Date(),
              ...data,
            },
            select: { id: true },
          });
        },
      });
      return prisma.detector.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
