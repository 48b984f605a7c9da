import type { FieldComplexity } from "@pothos/plugin-complexity";
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { tooLarge } from "./document-limits.ts";
import { argumentsOf } from "./field-arguments.ts";
import { introspectionCost, introspectionFields, type OperationCost } from "./introspection-cost.ts";

/** Deepest query in fields within fields, and its largest cost. */
export const maximumDepth = 16;
export const maximumCost = 50_000;

/**
 * Depth and cost of one operation of a valid document: every field costs 1 times the size of the lists that it is in,
 * names of types and the schema's own fields not excepted. Linear in the document: a fragment is costed once a type.
 *
 * @param variables as they came, with the defaults of those that were left out
 */
export function operationCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): OperationCost {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const known = new Map<SelectionSetNode, Map<GraphQLNamedType, OperationCost>>();

  const costOfSelections = (set: SelectionSetNode, type: GraphQLNamedType): OperationCost => {
    const earlier = known.get(set)?.get(type);
    if (earlier) return earlier;
    const total = { depth: 0, cost: 0 };
    for (const selection of set.selections) {
      const { depth, cost } =
        selection.kind === Kind.FIELD
          ? costOfField(selection, type)
          : costOfFragment(
              selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection,
              type,
            );
      total.depth = Math.max(total.depth, depth);
      total.cost += cost;
    }
    known.set(set, (known.get(set) ?? new Map()).set(type, total));
    return total;
  };

  const costOfFragment = (
    fragment: FragmentDefinitionNode | InlineFragmentNode | undefined,
    type: GraphQLNamedType,
  ): OperationCost => {
    if (!fragment) return { depth: 0, cost: 0 };
    const named = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
    return costOfSelections(fragment.selectionSet, named ?? type);
  };

  const costOfField = (node: FieldNode, type: GraphQLNamedType): OperationCost => {
    const meta = type === schema.getQueryType() ? introspectionFields.get(node.name.value) : undefined;
    if (meta) return introspectionCost(schema, fragments, meta, node, variables);
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    if (!field) return { depth: 1, cost: 1 };
    const { own, multiplier } = declaredWeight(field, node, variables);
    if (!node.selectionSet) return { depth: 1, cost: own };
    const below = costOfSelections(node.selectionSet, getNamedType(field.type));
    return { depth: below.depth + 1, cost: own + multiplier * below.cost };
  };

  const root = schema.getRootType(operation.operation);
  if (!root) throw new GraphQLError(`There are no ${operation.operation}s.`);
  return costOfSelections(operation.selectionSet, root);
}

/** @throws GraphQLError QUERY_TOO_LARGE with the numbers */
export function checkCost({ depth, cost }: OperationCost): void {
  if (depth <= maximumDepth && cost <= maximumCost) return;
  throw tooLarge(
    depth > maximumDepth ? "DEPTH" : "COMPLEXITY",
    `The query is too large: depth ${depth} (at most ${maximumDepth}), cost ${Math.ceil(cost)} (at most ` +
      `${maximumCost}). Ask for smaller pages or fewer nested lists.`,
  );
}

interface Weight {
  /** Of the field itself. */
  own: number;
  /** What its selection counts for. */
  multiplier: number;
}

/** What `complexity` of the field's options says, or the builder's own rule. */
function declaredWeight(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Record<string, unknown>,
): Weight {
  const declared = field.extensions.complexity as FieldComplexity<object, object> | undefined;
  const value =
    typeof declared === "function" ? declared(argumentsOf(field, node, variables), {}, field) : declared;
  if (typeof value === "number") return { own: value, multiplier: 1 };
  return { own: value?.field ?? 1, multiplier: Math.max(value?.multiplier ?? 1, 0) };
}
