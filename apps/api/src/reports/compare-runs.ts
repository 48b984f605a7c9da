import { z } from "zod";
import { builder } from "../builder.ts";
import { NotFoundError, parse, ValidationError } from "../errors.ts";
import { requireRun } from "../runs/require-run.ts";
import { RunType } from "../runs/runs.ts";
import { type ComparedPair, type ComparedRun, ComparisonCellType, comparedRuns } from "./compared-runs.ts";
import { RunDifferenceType } from "./run-difference.ts";

const RunComparisonType = builder
  .objectRef<{ matrix: ComparedRun[]; differences: ComparedPair[] }>("RunComparison")
  .implement({
    description: "Runs side by side.",
    fields: (t) => ({
      runs: t.field({
        type: [RunType],
        description: "In the order that was asked for.",
        resolve: ({ matrix }) => matrix.map(({ run }) => run),
      }),
      differences: t.expose("differences", {
        type: [RunDifferenceType],
        description:
          "Each run after the first against the first, on inputs that both evaluated (an attacked input is paired with its clean one).",
      }),
      matrix: t.expose("matrix", {
        type: [ComparisonCellType],
        description: "Version × attack type over the compared runs.",
      }),
    }),
  });

const comparedIds = z
  .array(z.string())
  .min(2, "Compare at least two runs.")
  .max(6, "Compare at most six runs.")
  .refine((ids) => new Set(ids).size === ids.length, "Name each run once.");

builder.queryField("compareRuns", (t) =>
  t.field({
    type: RunComparisonType,
    description: "Two to six runs side by side; paired statistics against the first on shared inputs.",
    errors: { types: [ValidationError, NotFoundError] },
    complexity: 100,
    args: { ids: t.arg.idList({ required: true, description: "The runs; the first is the baseline." }) },
    resolve: async (_root, { ids }, context) => {
      parse(comparedIds, ids, "ids");
      const runs = await Promise.all(ids.map((id, i) => requireRun(context, id, `ids.${i}`)));
      for (const [i, run] of runs.entries()) {
        if (run.status !== "SUCCEEDED")
          throw ValidationError.of(
            `ids.${i}`,
            `The run "${run.name}" is ${run.status}. Compare runs that succeeded.`,
          );
        if (run.projectId !== runs[0].projectId)
          throw ValidationError.of(`ids.${i}`, "This run lies in another project than the first.");
      }
      const matrix = await comparedRuns(context, runs);
      const [reference, ...others] = matrix;
      const differences = await Promise.all(
        others.map(async (compared) => ({
          compared,
          reference,
          counts: await context.pairedCounts.of(compared, reference),
        })),
      );
      return { matrix, differences };
    },
  }),
);
