import type { ApolloServerPlugin } from "@apollo/server";
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
  visit,
} from "graphql";
import type { Access } from "../access/access.ts";
import type { Context } from "../context.ts";
import { answerTooLarge, isAnswerTooLarge } from "./answer-size.ts";
import { checkCost, operationCost } from "./operation-cost.ts";
import { checkVariables } from "./text.ts";

/** Who may ask for the schema. */
export type Introspection = "token" | "everyone" | "nobody";

const asking = new WeakMap<DocumentNode, boolean>();

/** Whether a document asks for the schema's description anywhere. */
export function asksForSchema(document: DocumentNode): boolean {
  let asks = asking.get(document);
  if (asks === undefined) {
    asks = false;
    visit(document, {
      Field: ({ name: { value } }) => {
        if (value === "__schema" || value === "__type") asks = true;
      },
    });
    asking.set(document, asks);
  }
  return asks;
}

/**
 * The last judgement of an operation before it is executed, at both doors: who may ask for the schema, what texts
 * may be, and what it costs.
 *
 * @param document valid
 * @throws GraphQLError UNAUTHENTICATED, BAD_USER_INPUT, QUERY_TOO_LARGE
 */
export function admit(
  schema: GraphQLSchema,
  introspection: Introspection,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
  access: Access,
): void {
  if (introspection === "token" && !access.has("READ") && asksForSchema(document))
    throw new GraphQLError(
      "The schema is told to those with an API token: send `Authorization: Bearer flt_...`.",
      {
        extensions: { code: "UNAUTHENTICATED", http: { status: 401 } },
      },
    );
  checkVariables(variables);
  checkCost(operationCost(schema, document, operation, withDefaults(schema, operation, variables)));
}

/** Costs depend on few values, and those are taken as they come: to coerce everything is the executor's. */
function withDefaults(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Record<string, unknown>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { variable, type, defaultValue } of variableDefinitions ?? []) {
    const name = variable.name.value;
    if (Object.hasOwn(variables, name)) values[name] = variables[name];
    else if (defaultValue) {
      const known = typeFromAST(schema, type.kind === Kind.NON_NULL_TYPE ? type.type : type);
      if (isInputType(known)) values[name] = valueFromAST(defaultValue, known);
    }
  }
  return values;
}

/** {@link admit} for Apollo Server, and a bound of what it answers. */
export function admission(schema: GraphQLSchema, introspection: Introspection): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, request, contextValue: { access } }) {
          if (operation) admit(schema, introspection, document, operation, request.variables ?? {}, access);
        },
        async willSendResponse({ response }) {
          const { body } = response;
          if (body.kind !== "single" || !isAnswerTooLarge(body.singleResult)) return;
          response.http.status = 400;
          response.body = {
            kind: "single",
            // A copy: each error is given its request's id.
            singleResult: { errors: [{ ...answerTooLarge }] },
          };
        },
      };
    },
  };
}
