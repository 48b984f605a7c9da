import "./error-types.ts";
import "./access/projects.ts";
import "./access/project-quota.ts";
import "./access/api-tokens.ts";
import "./registry/models.ts";
import "./registry/model-versions.ts";
import "./registry/vision-language-models.ts";
import "./concepts/concept-sets.ts";
import "./datasets/attack-types.ts";
import "./datasets/datasets.ts";
import "./datasets/inputs.ts";
import "./datasets/embedding-sets.ts";
import "./runs/runs.ts";
import "./runs/start-run.ts";
import "./runs/run-progress.ts";
import "./reports/fault-report.ts";
import "./reports/heatmaps.ts";
import "./reports/detector-metrics.ts";
import "./reports/run-strength-queries.ts";
import "./reports/compare-runs.ts";
import "./verdicts/verdicts.ts";
import "./verdicts/explanation.ts";
import "./detectors/detectors.ts";
import "./detectors/publish-detector.ts";
import "./detectors/check-inputs.ts";
import "./specifications/specifications.ts";
import "./specifications/check-specification.ts";
import "./specifications/saved-views.ts";
import "./deletion/deletions.ts";
import { type GraphQLSchema, isObjectType, lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";

/** The executable GraphQL schema; its text is kept in schema.graphql. */
export const schema = withSettledCosts(builder.toSchema({ sortSchema: false }));

/**
 * The cost of a field without arguments never changes, but the complexity plugin would compute it at every request,
 * for every field that is asked for.
 */
function withSettledCosts(built: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(built.getTypeMap()))
    if (isObjectType(type))
      for (const field of Object.values(type.getFields())) {
        const { complexity } = field.extensions;
        if (field.args.length === 0 && typeof complexity === "function")
          field.extensions = { ...field.extensions, complexity: complexity({}, null, field) };
      }
  return built;
}

/** The text of schema.graphql: sorted, so that a change of the code's order is no change. */
export function schemaText(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
