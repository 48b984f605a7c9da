import { ArtifactError, isDatabaseTimeout } from "@faultline/db";
import type { FastifyInstance } from "fastify";
import { GraphQLError } from "graphql";
import { TooManyAttemptsError } from "../access/failed-attempts.ts";
import {
  BusyError,
  ConflictError,
  ForbiddenError,
  InvalidOperation,
  NotFoundError,
  UnauthenticatedError,
  ValidationError,
} from "../errors.ts";

/** A refusal that only plain HTTP knows: a status, and a code as GraphQL's `extensions.code`. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }
}

export const tookTooLong = "The request took too long. Try again, or ask for less.";

interface Answer {
  status: number;
  code: string;
  message: string;
  locations?: GraphQLError["locations"];
  details?: Record<string, unknown>;
}

/**
 * Answers what routes throw, in GraphQL's own form: `{"errors": [{"message", "extensions": {"code", "requestId",
 * ...}}]}`. What nobody expected is logged and says nothing about the inside.
 */
export function addErrorAnswers(fastify: FastifyInstance): void {
  fastify.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const { status, code, message, locations, details } = answerTo(error);
    if (error instanceof TooManyAttemptsError) reply.header("retry-after", error.seconds);
    if (error instanceof BusyError) reply.header("retry-after", error.retryAfter);
    else if (status >= 500) request.log.error({ err: error });
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="faultline"');
    // A route may have announced a picture or a table before it failed.
    for (const header of ["content-disposition", "content-length", "cache-control", "etag"])
      reply.removeHeader(header);
    if (error instanceof InvalidOperation)
      return reply
        .code(400)
        .type("application/json; charset=utf-8")
        .send({ errors: error.errors.map((one) => invalid(one, request.id)) });
    return reply
      .code(status)
      .type("application/json; charset=utf-8")
      .send({ errors: [{ message, locations, extensions: { code, requestId: request.id, ...details } }] });
  });
  fastify.setNotFoundHandler((request) => {
    throw new RequestError(404, "NOT_FOUND", `There is nothing at ${request.method} ${request.url}.`);
  });
}

function invalid({ message, locations }: GraphQLError, requestId: string) {
  return { message, locations, extensions: { code: "GRAPHQL_VALIDATION_FAILED", requestId } };
}

function answerTo(error: Error & { statusCode?: number; code?: string }): Answer {
  const { message } = error;
  if (error instanceof ValidationError)
    return { status: 400, code: "BAD_USER_INPUT", message, details: { issues: error.issues } };
  if (error instanceof UnauthenticatedError) return { status: 401, code: "UNAUTHENTICATED", message };
  if (error instanceof BusyError) return { status: 503, code: "BUSY", message };
  if (error instanceof ForbiddenError)
    return { status: 403, code: "FORBIDDEN", message, details: { requiredScope: error.requiredScope } };
  if (error instanceof NotFoundError)
    return { status: 404, code: "NOT_FOUND", message, details: { field: error.field } };
  if (error instanceof ConflictError)
    return { status: 409, code: "CONFLICT", message, details: { field: error.field } };
  if (error instanceof TooManyAttemptsError) return { status: 429, code: "TOO_MANY_ATTEMPTS", message };
  if (error instanceof GraphQLError && typeof error.extensions.code === "string") return graphqlAnswer(error);
  if (error instanceof RequestError)
    return { status: error.status, code: error.code, message, details: error.details };
  if (error instanceof ArtifactError && error.code === "NO_SPACE")
    return { status: 507, code: "INSUFFICIENT_STORAGE", message };
  if (error instanceof ArtifactError && error.code === "CORRUPT")
    return { status: 500, code: "ARTIFACT_CORRUPT", message };
  if (error instanceof InvalidOperation) return { status: 400, code: "GRAPHQL_VALIDATION_FAILED", message };
  if (isDatabaseTimeout(error)) return { status: 503, code: "TIMEOUT", message: tookTooLong };
  // Fastify's own refusals: a body too large, no JSON, a media type that it does not take.
  if (error.statusCode && error.statusCode < 500)
    return { status: error.statusCode, code: error.code ?? "BAD_REQUEST", message };
  return {
    status: error.statusCode ?? 500,
    code: "INTERNAL_SERVER_ERROR",
    message: "Something went wrong inside Faultline. The log tells more under the request id.",
  };
}

/** A refusal of an operation before it is executed; its status is that of `extensions.http`. */
function graphqlAnswer({ message, locations, extensions }: GraphQLError): Answer {
  const { code, http, ...details } = extensions;
  const status = typeof http === "object" && http !== null && "status" in http ? Number(http.status) : 400;
  return { status, code: String(code), message, locations, details };
}
