import {
  decodeAlignment,
  evaluateSpecification,
  type Interval,
  type LinearHead,
  matrix,
  parseSpecification,
  resolveSpecification,
  type Specification,
  type Verification,
} from "@faultline/core";
import { verifySpecificationOnThread } from "@faultline/core/parallel";
import { HeadSession, readLinearHead } from "@faultline/inference";
import { floats, readHandOver, type StoredMatrix } from "@faultline/run";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { VerificationType } from "../enums.ts";
import { ValidationError } from "../errors.ts";
import { Places } from "../places.ts";
import { IntervalType, share } from "../reports/intervals.ts";
import { detailsOf } from "../runs/report-details.ts";
import { readStrengths } from "../runs/run-strengths.ts";
import { RunType } from "../runs/runs.ts";
import { type VerdictRow, verdictRows } from "../verdicts/verdict-page.ts";
import { VerdictType } from "../verdicts/verdicts.ts";
import { readableSpecification } from "./readable-specification.ts";

interface SpecificationCheckShape {
  text: string;
  inputs: number;
  applicable: number;
  satisfied: number;
  share: Interval | null;
  counterexamples: VerdictRow[];
  verification: Verification;
}

const SpecificationCheckType = builder.objectRef<SpecificationCheckShape>("SpecificationCheck").implement({
  description: "How a specification fares on a run.",
  fields: (t) => ({
    text: t.exposeString("text", { description: "What was checked." }),
    inputs: t.exposeInt("inputs", { description: "Inputs that it was checked on." }),
    applicable: t.exposeInt("applicable", {
      description: "Inputs where its premise holds (all of them, without a premise).",
    }),
    satisfied: t.exposeInt("satisfied", { description: "Applicable inputs that satisfy it." }),
    share: t.expose("share", {
      type: IntervalType,
      nullable: true,
      description: "Satisfied of applicable; null when it applies to none.",
    }),
    counterexamples: t.expose("counterexamples", {
      type: [VerdictType],
      description: "The first inputs that violate it, at most 20.",
    }),
    verification: t.field({
      type: VerificationType,
      description: "Over the box of embeddings seen in data, for linear heads.",
      resolve: ({ verification }) => verification.result,
    }),
    verificationReason: t.string({
      description: "What the answer rests on.",
      resolve: ({ verification }) => reasonOf(verification),
    }),
  }),
});

function reasonOf(verification: Verification): string {
  switch (verification.result) {
    case "HOLDS":
      return `Proved by linear programming in ${verification.cases} cases.`;
    case "VIOLATED":
      return "There is an embedding in the box that violates it; it was checked by evaluation.";
    case "UNKNOWN":
      return verification.reason;
  }
}

const mostCounterexamples = 20;

/** Checks in this process: each takes up to a core for some seconds, and some 200 MB. */
const checks = new Places("checks of specifications", { atOnce: 1, waiting: 8, ofOneTenant: 3 });

builder.prismaObjectField(RunType, "checkSpecification", (t) =>
  t.field({
    type: SpecificationCheckType,
    description:
      "Checks a Con_spec text on this run's inputs, and for every embedding where the head is linear.",
    errors: { types: [ValidationError] },
    complexity: 500,
    args: {
      text: t.arg.string({
        required: true,
        description: "As `predicted(truck) => strength(wheels) > strength(wings)`.",
      }),
    },
    select: {
      id: true,
      projectId: true,
      modelVersion: { select: { classes: true, headSha256: true } },
      report: {
        select: { axis: true, inputs: true, strengthsSha256: true, details: true, alignmentSha256: true },
      },
    },
    resolve: async (run, { text }, context): Promise<SpecificationCheckShape> => {
      const { report, modelVersion } = run;
      if (!report) throw ValidationError.of("text", "The run has no report yet. Wait until it succeeded.");
      const specification = readableSpecification("text", () =>
        resolveSpecification(parseSpecification(text), report.axis, modelVersion.classes),
      );
      return checks.run(run.projectId, async () => {
        const evaluation = await evaluate(context, run.id, report, specification);
        const { applicable, violated, counterexamples } = evaluation;
        return {
          text,
          inputs: report.inputs,
          applicable,
          satisfied: applicable - violated,
          share: share(applicable - violated, applicable),
          counterexamples: await verdictRows(
            context,
            {
              sql: "v.run_id = $1::uuid AND v.input_id = ANY ($2::bigint[])",
              parameters: [run.id, counterexamples],
            },
            { classes: run.modelVersion.classes, axis: report.axis },
            mostCounterexamples,
          ),
          verification: await verify(context, run, report, specification),
        };
      });
    },
  }),
);

/** Strengths that are evaluated without a pause: of the longest text, some 50 ms. */
const strengthsAtOnce = 2 ** 17;

/** The inputs of a run against a specification, part by part. @throws ValidationError where labels are missing */
async function evaluate(
  { pool, artifactStore }: Pick<Context, "pool" | "artifactStore">,
  runId: string,
  report: { axis: string[]; inputs: number; strengthsSha256: string },
  specification: Specification,
) {
  const stored = { sha256: report.strengthsSha256, inputs: report.inputs, concepts: report.axis.length };
  const part = Math.max(1, Math.min(4_096, Math.floor(strengthsAtOnce / stored.concepts)));
  let applicable = 0;
  let violated = 0;
  const counterexamples: string[] = [];
  let after = "-1";
  for (let first = 0; first < stored.inputs; first += part) {
    const { rows } = await pool.query<{ predicted: number; label: number | null; id: string }>(
      `SELECT predicted_class AS predicted, label, input_id::text AS id FROM verdict
       WHERE run_id = $1 AND input_id > $2 ORDER BY input_id LIMIT $3`,
      [runId, after, part],
    );
    if (rows.length === 0) break;
    after = rows[rows.length - 1].id;
    const strengths = await readStrengths(artifactStore, stored, first, rows.length);
    const labels = rows.flatMap(({ label }) => label ?? []);
    const result = readableSpecification("text", () =>
      evaluateSpecification(
        specification,
        {
          strengths,
          predictions: rows.map(({ predicted }) => predicted),
          labels: labels.length === rows.length ? labels : undefined,
        },
        undefined,
        mostCounterexamples - counterexamples.length,
      ),
    );
    applicable += result.applicable;
    violated += result.inputs - result.satisfied;
    counterexamples.push(...result.counterexamples.map((row) => rows[row].id));
  }
  return { applicable, violated, counterexamples };
}

interface VerifiedRun {
  id: string;
  modelVersion: { headSha256: string | null };
}

/** The formal check over the box of the embeddings that the run saw. */
async function verify(
  { artifactStore, prisma }: Context,
  { id, modelVersion }: VerifiedRun,
  report: { axis: string[]; details: unknown; alignmentSha256: string },
  specification: Specification,
): Promise<Verification> {
  if (!modelVersion.headSha256)
    return { result: "UNKNOWN", reason: "The head is not registered as ONNX, so its weights are not known." };
  const alignment = decodeAlignment(await artifactStore.read(report.alignmentSha256));
  const head = await linearHead(await artifactStore.read(modelVersion.headSha256), alignment.inputWidth);
  if (!head) return { result: "UNKNOWN", reason: "The head is not linear." };
  const shards = await prisma.runShard.findMany({
    where: { runId: id, stage: "EMBED" },
    select: { result: true },
  });
  if (shards.length === 0)
    return { result: "UNKNOWN", reason: "The run kept no embeddings, so there is no box to verify over." };
  const embeddings = shards.map(({ result }) => readHandOver("EMBED", result).embedding);
  const vectors = floats(await artifactStore.read(detailsOf(report).calibration.conceptVectorsSha256));
  const conceptVectors = matrix(report.axis.length, alignment.outputWidth, vectors);
  const box = await boxOf(artifactStore, embeddings);
  return verifySpecificationOnThread(specification, { alignment, conceptVectors, head, box });
}

/** Values of embeddings that are looked through without a pause: some milliseconds. */
const embeddingsAtOnce = 2 ** 20;

async function boxOf(store: Context["artifactStore"], shards: readonly StoredMatrix[]) {
  const [{ columns: width }] = shards;
  const lower = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
  const upper = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  const part = Math.max(1, Math.floor(embeddingsAtOnce / width));
  for (const { sha256, offset, rows } of shards)
    for (let first = 0; first < rows; first += part) {
      const count = Math.min(part, rows - first);
      const values = floats(await store.readRange(sha256, offset + 4 * first * width, 4 * count * width));
      for (let i = 0; i < values.length; i++) {
        lower[i % width] = Math.min(lower[i % width], values[i]);
        upper[i % width] = Math.max(upper[i % width], values[i]);
      }
    }
  return { lower, upper };
}

async function linearHead(source: Uint8Array, width: number): Promise<LinearHead | null> {
  const session = await HeadSession.open(source, width);
  try {
    return await readLinearHead(session);
  } finally {
    await session.close();
  }
}
