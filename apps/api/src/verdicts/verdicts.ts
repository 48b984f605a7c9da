import { verdictPartition } from "@faultline/db";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { InputType } from "../datasets/inputs.ts";
import { inputsById } from "../datasets/inputs-by-id.ts";
import { FaultType, VerdictKindType, VerdictOrderType } from "../enums.ts";
import type { KnownRun } from "../runs/known-runs.ts";
import { knownRun, requireRun, requireSucceeded } from "../runs/require-run.ts";
import { RunType } from "../runs/runs.ts";
import { runsById } from "../runs/runs-by-id.ts";
import { VerdictFilterInput, type VerdictFilterShape, verdictCondition } from "./verdict-filter.ts";
import {
  type PageArguments,
  type VerdictOrder,
  type VerdictRow,
  verdictPage,
  verdictRows,
} from "./verdict-page.ts";

export const VerdictType = builder.objectRef<VerdictRow>("Verdict").implement({
  description: "What a run says about one input.",
  fields: (t) => ({
    input: t.loadable({
      type: InputType,
      description: "The input.",
      load: (ids: string[], context: Context) => inputsById(ids, context),
      resolve: ({ inputId }) => inputId,
    }),
    externalId: t.exposeString("externalId", { description: "The id that the input's team knows it by." }),
    trueClass: t.exposeString("trueClass", {
      nullable: true,
      description: "The label; null when unlabelled.",
    }),
    predictedClass: t.exposeString("predictedClass", { description: "The classifier's answer." }),
    oracleClass: t.exposeString("oracleClass", {
      description: "The class that the VLM oracle reads from a(x).",
    }),
    confidence: t.exposeFloat("confidence", { description: "Maximum softmax probability." }),
    verdict: t.expose("verdict", {
      type: VerdictKindType,
      description: "What the detector says.",
    }),
    score: t.exposeFloat("score", {
      description: "Similarity to incorrect − similarity to correct behaviour.",
    }),
    threshold: t.exposeFloat("threshold", {
      nullable: true,
      description: "Scores above it are defects; null: too little calibration data, nothing is flagged.",
    }),
    misclassified: t.exposeBoolean("misclassified", { nullable: true, description: "Null without a label." }),
    fault: t.expose("fault", {
      type: FaultType,
      nullable: true,
      description: "Where the fault lies; null without a label.",
    }),
    concepts: t.exposeStringList("concepts", {
      description: "The concepts that spoke most, strongest first.",
    }),
    run: t.loadable({
      type: RunType,
      description: "The run that says so.",
      load: runsById,
      resolve: ({ runId }) => runId,
    }),
  }),
});

interface VerdictConnectionShape {
  totalCount: () => Promise<number>;
}

export const VerdictEdgeType = builder.edgeObject({
  name: "VerdictEdge",
  type: VerdictType,
  description: "A verdict in its connection.",
});

export const VerdictConnectionType = builder.connectionObject(
  {
    name: "VerdictConnection",
    type: VerdictType,
    description: "A page of verdicts.",
    fields: (t) => ({
      totalCount: t.int({
        description: "Verdicts that match, on all pages.",
        resolve: (connection) => (connection as unknown as VerdictConnectionShape).totalCount(),
      }),
    }),
  },
  VerdictEdgeType,
);

const verdictsArguments = builder.args((t) => ({
  filter: t.field({ type: VerdictFilterInput, description: "Which ones; all when left out." }),
  orderBy: t.field({
    type: VerdictOrderType,
    required: true,
    defaultValue: "INPUT",
    description: "Their order.",
  }),
}));

interface VerdictsArguments extends PageArguments {
  filter?: VerdictFilterShape | null;
  orderBy: VerdictOrder;
}

function verdictsOf(run: KnownRun, { filter, orderBy, ...page }: VerdictsArguments, context: Context) {
  const condition = verdictCondition(run.id, filter ?? {}, run);
  const from = run.status === "SUCCEEDED" ? `${verdictPartition(run.id, run.attempt)} v` : null;
  return verdictPage(context, { ...condition, from }, orderBy, page, run);
}

builder.prismaObjectField(RunType, "verdicts", (t) =>
  t.connection(
    {
      type: VerdictType,
      description: "Verdicts of the evaluated inputs; none until the run succeeded.",
      args: verdictsArguments,
      select: { id: true },
      resolve: async ({ id }, args, context) =>
        verdictsOf((await knownRun(context, id)) as KnownRun, args, context),
    },
    VerdictConnectionType,
    VerdictEdgeType,
  ),
);

builder.queryField("verdicts", (t) =>
  t.connection(
    {
      type: VerdictType,
      nullable: true,
      description:
        "Verdicts of a run, the shortest way from CI. A run that has not succeeded is an error (CONFLICT), not an empty page.",
      args: {
        runId: t.arg.id({ required: true, description: "The run." }),
        ...verdictsArguments,
      },
      resolve: async (_root, { runId, ...args }, context) => {
        const run = await requireRun(context, runId, "runId");
        requireSucceeded(run, "runId");
        return verdictsOf(run, args, context);
      },
    },
    VerdictConnectionType,
    VerdictEdgeType,
  ),
);

builder.queryField("verdict", (t) =>
  t.field({
    type: VerdictType,
    nullable: true,
    description: "One input's verdict by the id that its team knows it by; null when there is none.",
    args: {
      runId: t.arg.id({ required: true, description: "The run." }),
      externalId: t.arg.string({ required: true, description: "The input's external id." }),
    },
    resolve: async (_root, { runId, externalId }, context) => {
      const run = await requireRun(context, runId, "runId");
      const condition = {
        sql: "v.run_id = $1::uuid AND v.external_id = $2",
        parameters: [run.id, externalId],
      };
      const [row] = await verdictRows(context, condition, run, 1);
      return row ?? null;
    },
  }),
);
