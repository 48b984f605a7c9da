import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from "graphql";
import { tooLarge } from "./document-limits.ts";
import { argumentsOf } from "./field-arguments.ts";

/** What one operation asks for: its depth, in fields within fields, and its cost. */
export interface OperationCost {
  depth: number;
  cost: number;
}

/** Most fields of an answer about the schema; the question that tools ask has 12,000. */
const mostFields = 25_000;

/** What each of them costs: graphql-js resolves them one by one. */
const fieldCost = 2;

export const introspectionFields: ReadonlyMap<string, GraphQLField<unknown, unknown>> = new Map(
  [SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]),
);

/** The schema's own resolvers ask for nothing else. */
type SchemaResolver = (
  source: unknown,
  args: object,
  context: unknown,
  info: Pick<GraphQLResolveInfo, "schema">,
) => unknown;

/**
 * Depth and cost of `__schema` or `__type` with all below it. The schema is at hand, so the fields of the answer are
 * counted one by one, but none is made.
 *
 * @throws GraphQLError QUERY_TOO_LARGE as soon as there are too many
 */
export function introspectionCost(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  meta: GraphQLField<unknown, unknown>,
  root: FieldNode,
  variables: Record<string, unknown>,
): OperationCost {
  let count = 0;
  /** @returns depth */
  const countField = (field: GraphQLField<unknown, unknown>, node: FieldNode, source: unknown): number => {
    if (++count > mostFields)
      throw tooLarge("INTROSPECTION", `The query asks for more than ${mostFields} fields of the schema.`);
    if (!node.selectionSet) return 1;
    const args = { ...argumentsOf(field, node, variables), includeDeprecated: true };
    const value = (field.resolve as SchemaResolver | undefined)?.(source, args, null, { schema });
    const type = getNamedType(field.type);
    let depth = 0;
    for (const one of Array.isArray(value) ? value : [value])
      if (one && isObjectType(type))
        depth = Math.max(depth, countSelections(type.getFields(), node.selectionSet, one));
    return depth + 1;
  };
  const countSelections = (
    fields: Record<string, GraphQLField<unknown, unknown>>,
    set: SelectionSetNode,
    source: unknown,
  ): number => {
    let depth = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const field = fields[selection.name.value];
        if (field) depth = Math.max(depth, countField(field, selection, source));
        else count++;
      } else {
        const fragment =
          selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
        if (fragment) depth = Math.max(depth, countSelections(fields, fragment.selectionSet, source));
      }
    }
    return depth;
  };
  const depth = countField(meta, root, undefined);
  return { depth, cost: count * fieldCost };
}
