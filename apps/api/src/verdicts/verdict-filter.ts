import { builder } from "../builder.ts";
import { FaultType, VerdictKindType } from "../enums.ts";
import { ValidationError } from "../errors.ts";
import { classIndex } from "../runs/class-index.ts";
import type { Condition } from "./condition.ts";

export const VerdictFilterInput = builder.inputType("VerdictFilter", {
  description: "Which verdicts; every condition given must hold.",
  fields: (t) => ({
    verdict: t.field({ type: VerdictKindType, description: "What the detector said." }),
    fault: t.field({ type: [FaultType], description: "Any of these." }),
    trueClass: t.string({ description: "The label." }),
    predictedClass: t.string({ description: "The answer." }),
    misclassified: t.boolean({
      description: "Whether label and answer differ; unlabelled inputs are neither.",
    }),
    minimumScore: t.float({ description: "Inclusive." }),
    maximumScore: t.float({ description: "Inclusive." }),
    concept: t.string({ description: "A phrase of the axis that is among those that spoke most." }),
    externalIdPrefix: t.string({ description: "Beginning of the external id." }),
  }),
});

export type VerdictFilterShape = typeof VerdictFilterInput.$inferInput;

/** What names in a filter are looked up in. */
export interface FilterNames {
  classes: readonly string[];
  axis: readonly string[];
}

/** The condition for a run's verdicts that match. @throws NotFoundError, ValidationError for unknown names */
export function verdictCondition(
  runId: string,
  filter: VerdictFilterShape,
  { classes, axis }: FilterNames,
): Condition {
  const parameters: unknown[] = [];
  const parameter = (value: unknown) => `$${parameters.push(value)}`;
  const all = [`v.run_id = ${parameter(runId)}::uuid`];
  const { verdict, fault, trueClass, predictedClass, misclassified, minimumScore, maximumScore } = filter;
  if (verdict != null) all.push(`v.verdict = ${parameter(verdict)}::"VerdictKind"`);
  // One fault as an equality: its partial index is then in the order of the score.
  if (fault?.length === 1) all.push(`v.fault = ${parameter(fault[0])}::"Fault"`);
  else if (fault != null) all.push(`v.fault = ANY (${parameter(fault)}::"Fault"[])`);
  if (trueClass != null)
    all.push(`v.label = ${parameter(classIndex(classes, trueClass, "filter.trueClass"))}`);
  if (predictedClass != null)
    all.push(
      `v.predicted_class = ${parameter(classIndex(classes, predictedClass, "filter.predictedClass"))}`,
    );
  if (misclassified != null) all.push(misclassified ? "v.misclassified" : "NOT v.misclassified");
  if (minimumScore != null) all.push(`v.score >= ${parameter(minimumScore)}`);
  if (maximumScore != null) all.push(`v.score <= ${parameter(maximumScore)}`);
  if (filter.concept != null) {
    const index = axis.indexOf(filter.concept);
    if (index < 0)
      throw ValidationError.of(
        "filter.concept",
        `"${filter.concept}" is not on the axis of this run. There are: ${axis.join(", ")}.`,
      );
    all.push(`v.concepts @> ARRAY[${parameter(index)}]::smallint[]`);
  }
  if (filter.externalIdPrefix != null)
    all.push(`starts_with(v.external_id, ${parameter(filter.externalIdPrefix)})`);
  return { sql: all.join(" AND "), parameters };
}
