import { type Detector, importDetector, row } from "@faultline/core";
import { type EncoderSession, embedImages, LARGE_PICTURE_PIXELS } from "@faultline/inference";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { VerdictKindType } from "../enums.ts";
import { ForbiddenError, NotFoundError, parse, ValidationError } from "../errors.ts";
import { list } from "../names.ts";
import { Places } from "../places.ts";
import { checked } from "../registry/artifacts.ts";
import { cachedDetector } from "./detector-cache.ts";
import { finiteThreshold } from "./finite-threshold.ts";

const mostInputs = 256;
const mostImageBytes = 2 * 2 ** 20;

interface CheckedInputShape {
  externalId: string;
  predictedIndex: number;
  predictedClass: string;
  verdict: "OK" | "DEFECT";
  score: number;
  threshold: number;
  pooledReference: boolean;
  concepts: string[];
}

const CheckedInputType = builder.objectRef<CheckedInputShape>("CheckedInput").implement({
  description: "The verdict of one checked input.",
  fields: (t) => ({
    externalId: t.exposeString("externalId", { description: "As it was given." }),
    predictedClass: t.exposeString("predictedClass", { description: "The classifier's answer." }),
    verdict: t.expose("verdict", {
      type: VerdictKindType,
      description: "What the detector says.",
    }),
    score: t.exposeFloat("score", {
      description: "Similarity to incorrect − similarity to correct behaviour.",
    }),
    threshold: t.float({
      nullable: true,
      description: "Scores above it are defects; null: too little calibration data, nothing is flagged.",
      resolve: ({ threshold }) => finiteThreshold(threshold),
    }),
    pooledReference: t.exposeBoolean("pooledReference", {
      description: "The class had too few calibration inputs of its own.",
    }),
    concepts: t.exposeStringList("concepts", {
      description: "The concepts that spoke most, strongest first.",
    }),
  }),
});

const CheckedInputsType = builder
  .objectRef<{ verdicts: CheckedInputShape[]; stored: boolean }>("CheckedInputs")
  .implement({
    description: "Verdicts, in the order of the inputs.",
    fields: (t) => ({
      verdicts: t.expose("verdicts", {
        type: [CheckedInputType],
        description: "One an input.",
      }),
      stored: t.exposeBoolean("stored", { description: "Whether they were stored with the detector." }),
    }),
  });

const CheckInput = builder.inputType("CheckInput", {
  description: "An input to check: an embedding with its predicted class, or a picture.",
  fields: (t) => ({
    externalId: t.string({ required: true, description: "The id that your team knows it by." }),
    embedding: t.floatList({ description: "The classifier's embedding (width d) with its predicted class," }),
    predictedClass: t.string({ description: "and the class that the head chose;" }),
    imageBase64: t.string({
      description: "or a picture, base64 (up to 2 MiB), for models registered with ONNX.",
    }),
  }),
});

const CheckInputsInput = builder.inputType("CheckInputsInput", {
  description: "Inputs to check at once.",
  fields: (t) => ({
    detectorId: t.id({ required: true, description: "A published detector." }),
    inputs: t.field({ type: [CheckInput], required: true, description: "1 to 256 inputs." }),
    store: t.boolean({
      required: true,
      defaultValue: false,
      description: "Keep the verdicts with the detector (needs the write scope).",
    }),
  }),
});

const newCheck = z.object({
  inputs: list(
    z
      .object({
        externalId: z.string().min(1, "Give an id.").max(1000),
        embedding: list(z.number(), {
          min: 1,
          tooFew: "An embedding has at least one value.",
          max: 65_536,
          tooMany: "An embedding has at most 65,536 values.",
        }).nullish(),
        predictedClass: z.string().nullish(),
        imageBase64: z
          .base64("This is not base64.")
          .max(Math.ceil(mostImageBytes / 3) * 4, "A picture has at most 2 MiB.")
          .nullish(),
      })
      .superRefine((input, context) => {
        if ((input.embedding == null) === (input.imageBase64 == null))
          context.addIssue({
            code: "custom",
            path: ["embedding"],
            message: "Give either an embedding with its predicted class, or a picture.",
          });
        else if (input.embedding != null && input.predictedClass == null)
          context.addIssue({
            code: "custom",
            path: ["predictedClass"],
            message: "Say which class the head chose.",
          });
      }),
    {
      min: 1,
      tooFew: "Give at least one input.",
      max: mostInputs,
      tooMany: `Give at most ${mostInputs} inputs at once.`,
    },
  ),
});

type Check = z.infer<typeof newCheck>["inputs"][number];

/** A classifier's answer about an input: what the detector checks. */
interface Answer {
  embedding: Float32Array;
  predicted: number;
}

builder.mutationField("checkInputs", (t) =>
  t.field({
    type: CheckedInputsType,
    description:
      "Up to 256 inputs against a published detector: verdicts at once, stored if asked. Needs the read scope.",
    // It changes nothing unless it stores.
    skipTypeScopes: true,
    authScopes: (_root, { input }) => (input.store ? { write: true } : { read: true }),
    errors: { types: [ValidationError, NotFoundError, ForbiddenError] },
    complexity: 500,
    args: { input: t.arg({ type: CheckInputsInput, required: true, description: "Detector and inputs." }) },
    resolve: async (_root, { input }, context) => {
      const { prisma, artifactStore } = context;
      const detectorId = await requireNode(context, "Detector", input.detectorId, "input.detectorId");
      const { inputs } = parse(newCheck, input, "input");
      const published = await prisma.detector.findUniqueOrThrow({
        where: { id: detectorId },
        include: { run: { include: { modelVersion: true } } },
      });
      if (!published.publishedAt)
        throw ValidationError.of("input.detectorId", "This detector is not published.");
      const detector = await cachedDetector(published.artifactSha256, async () =>
        importDetector((await artifactStore.read(published.artifactSha256)).toString("utf8")),
      );
      const answers = await answersOf(
        context,
        published.projectId,
        detector,
        published.run.modelVersion,
        inputs,
      );
      const verdicts = answers.map(({ embedding, predicted }, i) => {
        const { verdict, score, threshold, fallback, concepts } = detector.check(embedding, predicted);
        return {
          externalId: inputs[i].externalId,
          predictedIndex: predicted,
          predictedClass: detector.model.classes[predicted],
          verdict,
          score,
          threshold,
          pooledReference: fallback,
          concepts: concepts.map(({ concept }) => detector.model.concepts[concept]),
        };
      });
      if (input.store)
        await prisma.inputCheck.createMany({
          data: verdicts.map(({ externalId, predictedIndex, verdict, score }) => ({
            detectorId,
            externalId,
            predictedClass: predictedIndex,
            verdict,
            score,
          })),
        });
      return { verdicts, stored: input.store };
    },
  }),
);

interface Networks {
  encoderSha256: string | null;
  headSha256: string | null;
  preprocessing: unknown;
}

/** Checks embeddings and runs the classifier on pictures. @throws ValidationError naming the input at fault */
async function answersOf(
  context: Context,
  projectId: string,
  detector: Detector,
  version: Networks,
  inputs: readonly Check[],
): Promise<Answer[]> {
  const { classes, embedding: mapping } = detector.model;
  if (!mapping)
    throw ValidationError.of(
      "input.detectorId",
      "This detector carries no alignment, so it cannot check inputs.",
    );
  const answers: Answer[] = new Array(inputs.length);
  const pictures: number[] = [];
  for (const [i, { embedding, predictedClass, imageBase64 }] of inputs.entries()) {
    if (imageBase64 != null) {
      pictures.push(i);
      continue;
    }
    const values = Float32Array.from(embedding ?? []);
    const field = `input.inputs.${i}`;
    if (values.length !== mapping.alignment.inputWidth)
      throw ValidationError.of(
        `${field}.embedding`,
        `It has ${values.length} values; the classifier's embedding has ${mapping.alignment.inputWidth}.`,
      );
    if (!values.every(Number.isFinite))
      throw ValidationError.of(`${field}.embedding`, "Every value must be a finite float32.");
    const predicted = classes.indexOf(predictedClass as string);
    if (predicted < 0)
      throw ValidationError.of(
        `${field}.predictedClass`,
        `There is no class "${predictedClass}". There are: ${classes.join(", ")}.`,
      );
    answers[i] = { embedding: values, predicted };
  }
  if (pictures.length > 0) await classify(context, projectId, version, inputs, pictures, answers);
  return answers;
}

/** Requests whose pictures are classified at once: each holds sessions of its own. */
const classifications = new Places("classifications", { atOnce: 2, waiting: 32, ofOneTenant: 16 });

async function classify(
  { networks }: Context,
  projectId: string,
  { encoderSha256, headSha256, preprocessing }: Networks,
  inputs: readonly Check[],
  pictures: readonly number[],
  answers: Answer[],
): Promise<void> {
  if (!encoderSha256 || !headSha256)
    throw ValidationError.of(
      `input.inputs.${pictures[0]}.imageBase64`,
      "The model version is registered without ONNX. Send embeddings and predicted classes.",
    );
  const sources = pictures.map((i) => ({
    id: String(i),
    read: async () => Buffer.from(inputs[i].imageBase64 as string, "base64"),
  }));
  const classifyAll = (encoder: EncoderSession) =>
    networks.withHead(headSha256, encoder.width, async (head) => {
      // Several are held at a time.
      const pictures = embedImages(sources, encoder, { maxPixels: LARGE_PICTURE_PIXELS });
      for await (const { ids, embeddings, poison } of pictures) {
        if (poison.length > 0) return poison[0];
        const logits = await head.run(embeddings);
        for (const [k, id] of ids.entries()) {
          const own = row(logits, k);
          answers[Number(id)] = {
            embedding: row(embeddings, k).slice(),
            predicted: own.indexOf(Math.max(...own)),
          };
        }
      }
      return null;
    });
  const detector = "input.detectorId";
  const unusable = await classifications.run(projectId, () =>
    checked({ encoder: detector, head: detector }, () =>
      networks.withEncoder(encoderSha256, preprocessing, "encoder", classifyAll),
    ),
  );
  if (unusable)
    throw ValidationError.of(`input.inputs.${unusable.id}.imageBase64`, `The picture ${unusable.reason}.`);
}
