import { runConfigurationSchema, type Stage, stageNames } from "@faultline/run";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { detectorPage } from "../detectors/detectors.ts";
import { RunStageType, RunStatusType } from "../enums.ts";
import { quarantinedInputPage } from "../verdicts/quarantined-inputs.ts";
import { RunConfigurationType } from "./run-configuration.ts";

interface Progress {
  stage: Stage;
  done: number;
  total: number;
  startedAt: Date;
  finishedAt: Date | null;
}

const StageProgressType = builder.objectRef<Progress>("StageProgress").implement({
  description: "How far a stage of a run is.",
  fields: (t) => ({
    stage: t.expose("stage", { type: RunStageType, description: "The stage." }),
    done: t.exposeInt("done", { description: "Inputs that are done." }),
    total: t.exposeInt("total", { description: "Inputs of the stage." }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When the stage began." }),
    finishedAt: t.expose("finishedAt", { type: "DateTime", nullable: true, description: "When it ended." }),
    inputsPerSecond: t.float({
      nullable: true,
      description: "Mean speed since the stage began; null while nothing is done.",
      resolve: speed,
    }),
    etaSeconds: t.float({
      nullable: true,
      description: "Seconds until the stage ends at that speed; null when it ended or nothing is done.",
      resolve: (progress) => {
        const inputsPerSecond = speed(progress);
        if (inputsPerSecond === null || progress.finishedAt) return null;
        return (progress.total - progress.done) / inputsPerSecond;
      },
    }),
  }),
});

function speed({ done, startedAt, finishedAt }: Progress): number | null {
  const seconds = ((finishedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000;
  return done > 0 && seconds > 0 ? done / seconds : null;
}

export const RunType = builder.prismaNode("Run", {
  description: "One analysis: a model version read through a VLM and a concept set on a dataset.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "Name for people." }),
    status: t.expose("status", { type: RunStatusType, description: "Its state." }),
    stage: t.expose("stage", {
      type: RunStageType,
      nullable: true,
      description: "The stage that it is in, or that it ended in.",
    }),
    error: t.exposeString("error", { nullable: true, description: "Why it failed." }),
    seed: t.exposeInt("seed", { description: "Seed of every draw: the same seed gives the same bits." }),
    configuration: t.field({
      type: RunConfigurationType,
      description: "Its whole configuration, defaults filled in.",
      select: { configuration: true },
      resolve: ({ configuration }) => runConfigurationSchema.parse(configuration),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was asked for." }),
    startedAt: t.expose("startedAt", {
      type: "DateTime",
      nullable: true,
      description: "When a worker began.",
    }),
    finishedAt: t.expose("finishedAt", { type: "DateTime", nullable: true, description: "When it ended." }),
    progress: t.field({
      type: [StageProgressType],
      description: "The stages that have begun, in order.",
      select: { progress: true },
      resolve: ({ progress }) =>
        [...progress].sort((a, b) => stageNames.indexOf(a.stage) - stageNames.indexOf(b.stage)),
    }),
    project: t.relation("project", { description: "The project that it belongs to." }),
    modelVersion: t.relation("modelVersion", { description: "What is analysed." }),
    visionLanguageModel: t.relation("visionLanguageModel", {
      description: "The VLM that it is read through.",
    }),
    conceptSet: t.relation("conceptSet", { description: "The words that it is read in." }),
    dataset: t.relation("dataset", { description: "The inputs." }),
    attackType: t.prismaField({
      type: "AttackType",
      nullable: true,
      description: "Null for clean data.",
      select: (_args, _context, nested) => ({ dataset: { select: { attackType: nested() } } }),
      resolve: (_query, { dataset }) => dataset.attackType,
    }),
    quarantinedInputs: t.relatedConnection(
      "quarantined",
      {
        cursor: "runId_inputId",
        totalCount: true,
        description: "Inputs that could not be used, in order.",
        query: { orderBy: { inputId: "asc" } },
      },
      ...quarantinedInputPage,
    ),
    detectors: t.relatedConnection(
      "detectors",
      {
        cursor: "id",
        totalCount: true,
        description: "Detectors that were published from it, newest first.",
        query: { where: { publishedAt: { not: null } }, orderBy: { id: "desc" } },
      },
      ...detectorPage,
    ),
  }),
});

export const runPage = connectionOf("Run", RunType);
