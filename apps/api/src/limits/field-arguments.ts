import { type FieldNode, GraphQLError, type GraphQLField, getArgumentValues } from "graphql";

/** Arguments that the executor will refuse cost what is cheapest: nothing is executed then. */
export function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Record<string, unknown>,
): Record<string, unknown> {
  try {
    return getArgumentValues(field, node, variables);
  } catch (error) {
    if (error instanceof GraphQLError) return {};
    throw error;
  }
}
