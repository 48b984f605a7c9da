import type { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Context, Contexts } from "../context.ts";
import type { Documents } from "../limits/documents.ts";
import type { Services } from "../services.ts";
import { RequestError } from "./error-answers.ts";

/** Largest body from someone without a token, in bytes. */
const longestStrangersBody = 65_536;

/**
 * Queries and mutations at `/graphql`. Who asks is known before the body is read, and the operation is measured before
 * Apollo validates it.
 */
export function addGraphql(
  fastify: FastifyInstance,
  graphql: ApolloServer<Context>,
  services: Services,
  documents: Documents,
): void {
  const contexts = new Contexts(services);
  fastify.route({
    method: ["GET", "POST", "OPTIONS"],
    url: "/graphql",
    onRequest: async (request) => {
      const { access } = await contexts.make(request);
      if (!access.token) refuseLongBody(request);
    },
    preHandler: async ({ body, query }) => {
      const source = sourceOf(body) ?? sourceOf(query);
      if (source !== null) documents.read(source);
    },
    handler: fastifyApolloHandler(graphql, { context: async (request) => contexts.of(request) }),
  });
}

function refuseLongBody({ headers }: FastifyRequest): void {
  const length = headers["content-length"];
  if (headers["transfer-encoding"] === undefined && Number(length ?? 0) <= longestStrangersBody) return;
  throw new RequestError(
    413,
    "BODY_TOO_LARGE",
    `Without an API token a body has at most ${longestStrangersBody} bytes, and says how many (content-length).`,
  );
}

/** The text of an operation in a body or in parameters. What is malformed otherwise is Apollo's to refuse. */
function sourceOf(parameters: unknown): string | null {
  if (typeof parameters !== "object" || parameters === null || !("query" in parameters)) return null;
  return typeof parameters.query === "string" ? parameters.query : null;
}
