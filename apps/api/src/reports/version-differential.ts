import {
  differentialHeatmap,
  type HeatmapCounts,
  pairedDifferentialHeatmap,
  selectRows,
} from "@faultline/core";
import type { Context } from "../context.ts";
import { classIndex } from "../runs/class-index.ts";
import { detailsOf } from "../runs/report-details.ts";
import { readStrengths } from "../runs/run-strengths.ts";
import type { ComparedPair, ComparedRun } from "./compared-runs.ts";
import { type DifferentialShape, differentialOptions, readHeatmap } from "./heatmaps.ts";
import { pairedVerdicts } from "./paired-verdicts.ts";

/** Most strengths of both sides together that are read for a paired differential: 64 MiB each. */
const mostStrengths = 2 ** 24;

/**
 * The heatmaps of a run − those of the baseline, of all classes or one true class: paired by input where the strengths
 * of both can be read, else from the counts of each. Null unless both have the same axis, and inputs.
 *
 * @throws NotFoundError for an unknown class
 */
export async function versionDifferential(
  { compared, reference }: ComparedPair,
  trueClass: string | null,
  context: Context,
): Promise<DifferentialShape | null> {
  const { id, axis, classes, datasetId, configuration } = compared.run;
  if (axis.join("\n") !== reference.run.axis.join("\n")) return null;
  const index = trueClass === null ? -1 : classIndex(classes, trueClass, "trueClass");
  const options = differentialOptions(configuration);
  const shape = async (differential: DifferentialShape["differential"]): Promise<DifferentialShape> => ({
    axis,
    class: trueClass,
    differential,
    datasetId,
    named: (await namedConcepts(id, context)) ?? [],
  });
  if ((compared.inputs + reference.inputs) * axis.length <= mostStrengths) {
    const condition = index < 0 ? "TRUE" : `v.label = ${index}`;
    const { from, sql, parameters } = pairedVerdicts(compared, reference, condition);
    const { rows } = await context.pool.query<{ own: number; other: number }>(
      `SELECT v.position AS own, b.position AS other FROM ${from} WHERE ${sql} ORDER BY v.input_id`,
      parameters,
    );
    if (rows.length > 0) {
      const read = ({ strengthsSha256, inputs }: ComparedRun) =>
        readStrengths(
          context.artifactStore,
          { sha256: strengthsSha256, inputs, concepts: axis.length },
          0,
          inputs,
        );
      const [strengths, referenceStrengths] = await Promise.all([read(compared), read(reference)]);
      return shape(
        pairedDifferentialHeatmap(
          selectRows(
            strengths,
            rows.map(({ own }) => own),
          ),
          selectRows(
            referenceStrengths,
            rows.map(({ other }) => other),
          ),
          undefined,
          options,
        ),
      );
    }
  }
  const [first, second] = await Promise.all(
    [compared, reference].map(({ run }) => readHeatmap(context, run.id, "GROUND_TRUTH", "ALL", index)),
  );
  return first && second ? shape(differentialHeatmap(first as HeatmapCounts, second, options)) : null;
}

/** The responsible concepts of a run's report. */
async function namedConcepts(runId: string, { prisma }: Context) {
  const report = await prisma.runReport.findUnique({ where: { runId }, select: { details: true } });
  return report && detailsOf(report).responsibleConcepts;
}
