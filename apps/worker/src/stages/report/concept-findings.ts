import { selectRows } from "@faultline/core";
import type { ReportDetails, RunConfiguration } from "@faultline/run";
import type pg from "pg";
import type { HeatmapTotals } from "../strengths/heatmap-groups.ts";
import { type ExampleInputs, type FoundConcept, findResponsibleConcepts } from "./responsible.ts";
import { runHeatmap } from "./run-heatmaps.ts";
import type { RunRows } from "./run-rows.ts";

const conceptsOverall = 20;
const conceptsOfClass = 10;

type ConceptFindings = Pick<
  ReportDetails,
  "responsibleConcepts" | "responsibleConceptsByClass" | "attackConcepts"
>;

/**
 * The concepts of correct − incorrect behaviour, of all classes together and of each, and in attacked runs those of
 * clean − attacked behaviour; with the external ids of the inputs that show them best.
 *
 * @param shown the misclassified inputs that examples are chosen from
 */
export async function findConcepts(
  pool: pg.Pool,
  rows: RunRows,
  totals: HeatmapTotals,
  shown: ExampleInputs,
  { phrases, classes }: { phrases: string[]; classes: string[] },
  attacked: boolean,
  configuration: RunConfiguration,
): Promise<ConceptFindings> {
  const { label } = rows.columns;
  const heatmap = (
    kind: "GROUND_TRUTH" | "OUTPUT_LABEL",
    subset: "ALL" | "CORRECT" | "INCORRECT" | "CLEAN",
    classIndex: number,
  ) => runHeatmap(totals, kind, subset, classIndex, classes.length);
  const correctAgainstIncorrect = (classIndex: number, examples: ExampleInputs, limit: number) =>
    findResponsibleConcepts(
      heatmap("GROUND_TRUTH", "CORRECT", classIndex),
      heatmap("GROUND_TRUTH", "INCORRECT", classIndex),
      phrases,
      examples,
      limit,
      configuration,
    );
  const overall = correctAgainstIncorrect(-1, shown, conceptsOverall);
  const byClass = classes.flatMap((_, k) => {
    const ofClass = only(shown, (row) => label[row] === k);
    const concepts = correctAgainstIncorrect(k, ofClass, conceptsOfClass);
    return concepts.length > 0 ? [{ classIndex: k, concepts }] : [];
  });
  const ofAttack = attacked
    ? findResponsibleConcepts(
        heatmap("OUTPUT_LABEL", "CLEAN", -1),
        heatmap("OUTPUT_LABEL", "ALL", -1),
        phrases,
        shown,
        conceptsOverall,
        configuration,
      )
    : null;
  const named = await nameExamples(pool, rows, [
    ...overall,
    ...byClass.flatMap(({ concepts }) => concepts),
    ...(ofAttack ?? []),
  ]);
  return {
    responsibleConcepts: overall.map(named),
    responsibleConceptsByClass: byClass.map(({ classIndex, concepts }) => ({
      classIndex,
      concepts: concepts.map(named),
    })),
    attackConcepts: ofAttack?.map(named) ?? null,
  };
}

function only({ rows, strengths }: ExampleInputs, belongs: (row: number) => boolean): ExampleInputs {
  const kept = Array.from({ length: strengths.rows }, (_, i) => i).filter((i) => belongs(rows[i]));
  return { rows: kept.map((i) => rows[i]), strengths: selectRows(strengths, kept) };
}

/** External ids for the examples of found concepts, looked up at once. */
async function nameExamples(
  pool: pg.Pool,
  rows: RunRows,
  found: readonly FoundConcept[],
): Promise<(concept: FoundConcept) => ReportDetails["responsibleConcepts"][number]> {
  const wanted = [...new Set(found.flatMap(({ exampleRows }) => exampleRows))];
  const { rows: answers } = await pool.query<{ row: number; name: string }>(
    `SELECT wanted.row, input.external_id AS name
     FROM unnest($1::int[], $2::uuid[], $3::int[]) AS wanted (row, dataset_id, position)
     JOIN input ON input.dataset_id = wanted.dataset_id AND input.position = wanted.position`,
    [wanted, wanted.map((row) => rows.datasetOf(row)), wanted.map((row) => rows.columns.position[row])],
  );
  const names = new Map(answers.map(({ row, name }) => [row, name]));
  return ({ exampleRows, ...concept }) => ({
    ...concept,
    exampleInputs: exampleRows.flatMap((row) => names.get(row) ?? []),
  });
}
