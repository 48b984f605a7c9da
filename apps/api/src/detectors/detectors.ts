import { encodeGlobalID } from "@pothos/plugin-relay";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { SimilarityType, VerdictKindType } from "../enums.ts";
import { finiteThreshold } from "./finite-threshold.ts";
import { storedSimilarity } from "./stored-similarity.ts";

export const InputCheckType = builder.prismaObject("InputCheck", {
  description: "A verdict given by checkInputs and stored.",
  fields: (t) => ({
    externalId: t.exposeString("externalId", { description: "The id that the input's team knows it by." }),
    predictedClass: t.string({
      description: "The classifier's answer.",
      select: {
        predictedClass: true,
        detector: { select: { run: { select: { modelVersion: { select: { classes: true } } } } } },
      },
      resolve: ({ predictedClass, detector }) => detector.run.modelVersion.classes[predictedClass],
    }),
    verdict: t.expose("verdict", {
      type: VerdictKindType,
      description: "What the detector said.",
    }),
    score: t.exposeFloat("score", { description: "Its score." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was checked." }),
  }),
});

export const inputCheckPage = connectionOf("InputCheck", InputCheckType);

export const DetectorType = builder.prismaNode("Detector", {
  description: "A runtime detector: a versioned, exportable JSON artifact.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "The same for all of its versions." }),
    version: t.exposeInt("version", { description: "From 1." }),
    similarity: t.field({
      type: SimilarityType,
      description: "How heatmaps are compared.",
      resolve: ({ similarity }) => storedSimilarity(similarity),
    }),
    falseAlarmRate: t.exposeFloat("falseAlarmRate", {
      nullable: true,
      description: "Wanted false-alarm rate; null: the paper's rule, score > 0, or a threshold of one's own.",
    }),
    threshold: t.float({
      nullable: true,
      description: "Scores above it are defects, where classes share one; null: too little calibration data.",
      resolve: ({ threshold }) => finiteThreshold(threshold),
    }),
    run: t.relation("run", { description: "The run that calibrated it." }),
    artifactSha256: t.exposeString("artifactSha256", { description: "Hash of the JSON artifact." }),
    artifactUrl: t.string({
      description: "Path of the JSON artifact on this API.",
      resolve: ({ id }) => `/detectors/${encodeURIComponent(encodeGlobalID("Detector", id))}/artifact.json`,
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was calibrated." }),
    publishedAt: t.expose("publishedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was published; null for the one inside a run.",
    }),
    checks: t.relatedConnection(
      "checks",
      {
        type: InputCheckType,
        cursor: "id",
        totalCount: true,
        description: "Stored checks, newest first.",
        query: { orderBy: { id: "desc" } },
      },
      ...inputCheckPage,
    ),
  }),
});

export const detectorPage = connectionOf("Detector", DetectorType);
