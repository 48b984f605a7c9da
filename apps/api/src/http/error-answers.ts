import { ArtifactError } from "@faultline/db";
import type { FastifyInstance } from "fastify";
import {
  BusyError,
  ConflictError,
  ForbiddenError,
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

interface Answer {
  status: number;
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

/**
 * Answers what routes throw, in GraphQL's own form: `{"errors": [{"message", "extensions": {"code", "requestId",
 * ...}}]}`. What nobody expected is logged and says nothing about the inside.
 */
export function addErrorAnswers(fastify: FastifyInstance): void {
  fastify.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const { status, code, message, details } = answerTo(error);
    if (error instanceof BusyError) reply.header("retry-after", error.retryAfter);
    else if (status >= 500) request.log.error({ err: error });
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="faultline"');
    // A route may have announced a picture or a table before it failed.
    for (const header of ["content-disposition", "content-length", "cache-control", "etag"])
      reply.removeHeader(header);
    return reply
      .code(status)
      .type("application/json; charset=utf-8")
      .send({ errors: [{ message, extensions: { code, requestId: request.id, ...details } }] });
  });
  fastify.setNotFoundHandler((request) => {
    throw new RequestError(404, "NOT_FOUND", `There is nothing at ${request.method} ${request.url}.`);
  });
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
  if (error instanceof RequestError)
    return { status: error.status, code: error.code, message, details: error.details };
  if (error instanceof ArtifactError && error.code === "NO_SPACE")
    return { status: 507, code: "INSUFFICIENT_STORAGE", message };
  if (error instanceof ArtifactError && error.code === "CORRUPT")
    return { status: 500, code: "ARTIFACT_CORRUPT", message };
  // Fastify's own refusals: a body too large, no JSON, a media type that it does not take.
  if (error.statusCode && error.statusCode < 500)
    return { status: error.statusCode, code: error.code ?? "BAD_REQUEST", message };
  return {
    status: error.statusCode ?? 500,
    code: error.statusCode === 503 ? "TIMEOUT" : "INTERNAL_SERVER_ERROR",
    message:
      error.statusCode === 503
        ? "The request took too long. Try again, or ask for less."
        : "Something went wrong inside Faultline. The log tells more under the request id.",
  };
}
