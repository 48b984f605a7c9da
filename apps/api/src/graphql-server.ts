import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import { unwrapResolverError } from "@apollo/server/errors";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import { fastifyApolloDrainPlugin } from "@as-integrations/fastify";
import { ArtifactError, isDatabaseTimeout } from "@faultline/db";
import { PothosValidationError } from "@pothos/core";
import type { FastifyInstance } from "fastify";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import type { Context } from "./context.ts";
import { ConflictError, ForbiddenError, NotFoundError, ValidationError } from "./errors.ts";
import { RequestError, tookTooLong } from "./http/error-answers.ts";
import { admission, type Introspection } from "./limits/admission.ts";
import { documentLimits } from "./limits/document-limits.ts";
import { compiledExecution } from "./performance/compiled-execution.ts";
import { schema } from "./schema.ts";
import { operationSpans } from "./tracing.ts";

/** Apollo Server over the schema, with CSRF prevention, masked errors and nothing that phones home. */
export function createGraphqlServer(
  fastify: FastifyInstance,
  { introspection, interpreted }: { introspection: Introspection; interpreted: number },
  metrics: ApolloServerPlugin<Context>,
): ApolloServer<Context> {
  const { plugin: compiled, stringifyResult } = compiledExecution(schema, interpreted, shownErrors);
  return new ApolloServer<Context>({
    schema,
    stringifyResult,
    introspection: introspection !== "nobody",
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    parseOptions: { maxTokens: documentLimits.tokens },
    validationOptions: { maxErrors: 10 },
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    formatError,
    plugins: [
      admission(schema, introspection),
      fastifyApolloDrainPlugin(fastify),
      reportErrors,
      metrics,
      operationSpans,
      compiled,
      // It would watch every field of every answer, and no answer here may be kept by a shared cache.
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
}

/**
 * What a client sees of an error. Errors that are meant for it keep their message; what nobody expected says
 * nothing about the inside (its request id finds it in the log).
 */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const original = unwrapResolverError(error);
  const { message, locations, path } = formatted;
  const shown = (code: string, extensions = {}) => ({
    message,
    locations,
    path,
    extensions: { code, ...extensions },
  });
  if (original instanceof ValidationError) return shown("BAD_USER_INPUT", { issues: original.issues });
  if (original instanceof NotFoundError) return shown("NOT_FOUND", { field: original.field });
  if (original instanceof ConflictError) return shown("CONFLICT", { field: original.field });
  if (original instanceof ForbiddenError)
    return shown("FORBIDDEN", { requiredScope: original.requiredScope });
  if (original instanceof RequestError) return shown(original.code);
  if (isDatabaseTimeout(original)) return { ...shown("TIMEOUT"), message: tookTooLong };
  // Nobody's fault but the disk's; people can act on both.
  if (original instanceof ArtifactError && original.code === "NO_SPACE") return shown("INSUFFICIENT_STORAGE");
  if (original instanceof ArtifactError && original.code === "CORRUPT") return shown("ARTIFACT_CORRUPT");
  // The caller's fault, met before any resolver of ours: an id that was never one.
  if (original instanceof PothosValidationError) return shown("BAD_USER_INPUT");
  if (isUnexpected(formatted, original))
    return {
      ...shown("INTERNAL_SERVER_ERROR"),
      message: "Something went wrong inside Faultline. The log tells more under the request id.",
    };
  return formatted;
}

/** GraphQLErrors that carry a code of their own were thrown for the client; others were not expected. */
function isUnexpected({ extensions }: GraphQLFormattedError, original: unknown): boolean {
  const { code } = extensions ?? {};
  return code === undefined || code === "INTERNAL_SERVER_ERROR" || !(original instanceof GraphQLError);
}

/** Logs the errors that nobody expected. */
function logUnexpected(
  errors: readonly GraphQLError[],
  { log }: Context,
  operationName?: string | null,
): void {
  for (const error of errors)
    if (formatError(error.toJSON(), error).extensions?.code === "INTERNAL_SERVER_ERROR")
      log.error({ err: unwrapResolverError(error), operationName, path: error.path });
}

/** Errors of operations that Apollo did not execute as it would report and show them. */
export function shownErrors(
  errors: readonly GraphQLError[],
  context: Context,
  operationName?: string,
): GraphQLFormattedError[] {
  logUnexpected(errors, context, operationName);
  return errors.map((error) => formatError(error.toJSON(), error));
}

/** Logs unexpected errors, and gives every error the request's id. */
const reportErrors: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async didEncounterErrors({ errors, contextValue, operationName }) {
        logUnexpected(errors, contextValue, operationName);
      },
      async willSendResponse({ response, contextValue: { requestId } }) {
        if (response.body.kind !== "single") return;
        for (const error of response.body.singleResult.errors ?? [])
          Object.assign(error, { extensions: { ...error.extensions, requestId } });
      },
    };
  },
};
