import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
  getVariableValues,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  subscribe,
  validate,
} from "graphql";
import { z } from "zod";
import { whenTokenEnds } from "../access/end-of-token.ts";
import { type Context, Contexts } from "../context.ts";
import { InvalidOperation, parse, UnauthenticatedError } from "../errors.ts";
import { admit, type Introspection } from "../limits/admission.ts";
import type { Documents } from "../limits/documents.ts";
import { Places } from "../places.ts";
import { schema } from "../schema.ts";
import type { Services } from "../services.ts";
import { unlimited } from "./deadline.ts";
import { RequestError } from "./error-answers.ts";
import { sendEvents } from "./server-sent-events.ts";

/** Largest body of a subscription, in bytes. */
export const longestSubscription = 65_536;

export interface SubscriptionLimits {
  /** At the same time, of one token. */
  perToken: number;
  /** At the same time, of this process. */
  perProcess: number;
}

interface Door {
  documents: Documents;
  introspection: Introspection;
  limits: SubscriptionLimits;
  /** Errors as the client sees them; logs those that nobody expected. */
  shownErrors: (errors: readonly GraphQLError[], context: Context) => GraphQLFormattedError[];
}

const body = z.object({
  query: z.string("Give the subscription."),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown(), "Give an object.").nullish(),
});

/**
 * `POST /graphql/stream`: one GraphQL subscription as server-sent events (the "distinct connections" of graphql-sse).
 * Asks for JSON, which other sites cannot send, and for a token before it reads anything. What is refused is answered
 * as by the other routes. A subscription ends with UNAUTHENTICATED when its token is revoked or expires.
 */
export function addSubscriptions(fastify: FastifyInstance, services: Services, door: Door): void {
  const contexts = new Contexts(services);
  const { perToken, perProcess } = door.limits;
  const places = new Places("subscriptions", { atOnce: perProcess, waiting: 0, ofOneTenant: perToken });
  fastify.post(
    "/graphql/stream",
    {
      ...unlimited,
      bodyLimit: longestSubscription,
      onRequest: async (request) => {
        const { access } = await contexts.make(request);
        access.require("READ");
      },
    },
    async (request, reply) => {
      const context = contexts.of(request);
      const { token } = context.access;
      if (!token) throw new UnauthenticatedError();
      const args = admitted(door, request, context);
      const leave = await places.enter(token.prefix);
      const ending = new AbortController();
      const forget = whenTokenEnds(token.prefix, context, () => ending.abort());
      const close = () => {
        leave();
        forget();
      };
      reply.raw.once("close", close);
      // Who went away meanwhile.
      if (reply.raw.destroyed) close();
      const result = await subscribe(args);
      reply.hijack();
      await sendEvents(reply, result, ending.signal, (errors) => door.shownErrors(errors, context));
    },
  );
}

/** @throws ValidationError, GraphQLError GRAPHQL_PARSE_FAILED, InvalidOperation BAD_USER_INPUT and those of {@link admit} */
function admitted(
  { documents, introspection }: Door,
  request: FastifyRequest,
  contextValue: Context,
): ExecutionArgs {
  const { query, operationName, variables } = parse(body, request.body ?? {}, "body");
  const document = documents.read(query);
  const errors = validate(
    schema,
    document,
    introspection === "nobody" ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules,
    { maxErrors: 10 },
  );
  if (errors.length > 0) throw new InvalidOperation(errors);
  const operation = getOperationAST(document, operationName);
  if (!operation)
    throw new RequestError(400, "OPERATION_RESOLUTION_FAILURE", "Name one of the document's operations.");
  if (operation.operation !== "subscription")
    throw new RequestError(
      400,
      "SUBSCRIPTIONS_ONLY",
      "Only subscriptions are served here. Send queries and mutations to /graphql.",
    );
  const variableValues = variables ?? {};
  admit(schema, introspection, document, operation, variableValues, contextValue.access);
  const { errors: [wrong] = [] } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    variableValues,
    { maxErrors: 1 },
  );
  if (wrong)
    throw new GraphQLError(wrong.message, { nodes: wrong.nodes, extensions: { code: "BAD_USER_INPUT" } });
  return { schema, document, operationName, variableValues, contextValue };
}
