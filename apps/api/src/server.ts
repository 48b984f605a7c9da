import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import cookie from "@fastify/cookie";
import cors from "@fastify/cors";
import { type ArtifactStore, type Database, dataDirectory, Notifications, Uploads } from "@faultline/db";
import { NetworkSessions } from "@faultline/inference";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from "fastify";
import { type GraphQLError, NoSchemaIntrospectionCustomRule, specifiedRules, validate } from "graphql";
import { createHandler } from "graphql-sse/lib/use/fastify";
import type { Logger } from "pino";
import { KnownTokens } from "./access/known-tokens.ts";
import { accessOf } from "./access/request-access.ts";
import type { Context } from "./context.ts";
import { createGraphqlServer, formatError } from "./graphql-server.ts";
import { addDetectorArtifact } from "./http/detector-artifact.ts";
import { addErrorAnswers } from "./http/error-answers.ts";
import { addHealth } from "./http/health.ts";
import { addMetrics } from "./http/metrics.ts";
import { addPictures } from "./http/pictures.ts";
import { addSessionCookie } from "./http/session-cookie.ts";
import { unlimited } from "./http/unlimited.ts";
import { addUploads } from "./http/uploads.ts";
import { addVerdictExport } from "./http/verdict-export.ts";
import { KnownPairedCounts } from "./reports/paired-verdicts.ts";
import { schema } from "./schema.ts";
import type { Services } from "./services.ts";

export interface ApiOptions {
  /** Migrated; stays open when the API closes. */
  database: Database;
  /** Of the same database: notifications need a connection of their own. */
  databaseUrl: string;
  artifactStore: ArtifactStore;
  /** Where unfinished uploads are kept; by default the folder `uploads` of the data directory. */
  uploadsDirectory?: string;
  /** Largest upload in bytes; 16 GiB by default. */
  maximumUploadBytes?: number;
  /** 0, the default, takes a free one. */
  port?: number;
  /** 127.0.0.1 by default. */
  host?: string;
  /** Requests from this machine act as its administrator. Only for a machine with one user. */
  localUser?: boolean;
  /** Whether the schema may be asked for. True by default: it is public. */
  introspection?: boolean;
  /** How many executions of an operation come before it is compiled; 1 by default. */
  interpreted?: number;
  /** Pairs of runs whose counts on shared inputs are remembered; 1,000 by default. */
  rememberedPairs?: number;
  /** Origins of other sites whose scripts may call the API; none by default. */
  allowedOrigins?: string[];
  /** Largest body of a GraphQL request in bytes; 16 MiB by default, enough for 256 embeddings. */
  bodyLimit?: number;
  /** Longest time for a request other than an upload, export or stream, in milliseconds; 60 s by default. */
  timeout?: number;
  /** How long the reader of an export may take nothing before it is disconnected, in milliseconds; 30 s by default. */
  exportPatience?: number;
  /** How long requests that are under way may still take when the API closes, in milliseconds; 5 s by default. */
  closingTime?: number;
  logger?: Logger;
}

export interface Api {
  /** `http://host:port`, without a slash at the end. */
  url: string;
  fastify: FastifyInstance;
  /** Ends after the requests that are under way, or after the closing time. */
  close(): Promise<void>;
}

/** Starts the API: GraphQL at /graphql, subscriptions at /graphql/stream, and the REST routes of src/http. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { database, databaseUrl, artifactStore, logger, timeout = 60_000 } = options;
  const fastify: FastifyInstance = Fastify({
    ...(logger ? { loggerInstance: logger as FastifyBaseLogger } : { logger: false }),
    bodyLimit: options.bodyLimit ?? 16 * 2 ** 20,
    handlerTimeout: timeout,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    forceCloseConnections: "idle",
  });
  const notifications = await Notifications.open(databaseUrl);
  const services: Services = {
    prisma: database.prisma,
    pool: database.pool,
    artifactStore,
    uploads: new Uploads(
      options.uploadsDirectory ?? path.join(dataDirectory(), "uploads"),
      artifactStore,
      options.maximumUploadBytes,
    ),
    networks: new NetworkSessions((sha256) => artifactStore.read(sha256), {
      instances: Math.min(2, availableParallelism()),
    }),
    notifications,
    tokens: new KnownTokens(database, notifications),
    pairedCounts: new KnownPairedCounts(database, options.rememberedPairs ?? 1000),
    localUser: options.localUser ?? false,
  };
  const contextOf = async (request: FastifyRequest): Promise<Context> => ({
    ...services,
    access: await accessOf(request, services),
    requestId: request.id,
    log: request.log,
    values: new Map(),
  });

  await fastify.register(cookie);
  if (options.allowedOrigins?.length)
    await fastify.register(cors, { origin: options.allowedOrigins, credentials: true });
  fastify.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff");
  });

  addErrorAnswers(fastify);
  const operationMetrics = addMetrics(fastify, services);
  addHealth(fastify, services);
  addSessionCookie(fastify, services);
  addUploads(fastify, services);
  addPictures(fastify, services);
  addVerdictExport(fastify, services, options.exportPatience);
  addDetectorArtifact(fastify, services);

  const introspection = options.introspection ?? true;
  const graphql = createGraphqlServer(
    fastify,
    { introspection, interpreted: options.interpreted ?? 1 },
    operationMetrics,
  );
  await graphql.start();
  fastify.route({
    method: ["GET", "POST", "OPTIONS"],
    url: "/graphql",
    handler: fastifyApolloHandler(graphql, { context: contextOf }),
  });
  addSubscriptions(fastify, contextOf, introspection);

  await fastify.listen({ port: options.port ?? 0, host: options.host ?? "127.0.0.1" });
  const { address, family, port } = fastify.server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    fastify,
    close: async () => {
      // Exports whose reader is slow, and connections that were opened and never used, would last for ever.
      const force = setTimeout(() => fastify.server.closeAllConnections(), options.closingTime ?? 5000);
      await notifications.close();
      await fastify.close();
      await graphql.stop();
      await services.networks.close();
      clearTimeout(force);
    },
  };
}

/** GraphQL over server-sent events, for subscriptions. Asks for JSON by POST, which other sites cannot send. */
function addSubscriptions(
  fastify: FastifyInstance,
  contextOf: (request: FastifyRequest) => Promise<Context>,
  introspection: boolean,
): void {
  const handle = createHandler<Record<PropertyKey, unknown> & Context>({
    schema,
    validate: (validated, document) =>
      validate(
        validated,
        document,
        introspection ? undefined : [...specifiedRules, NoSchemaIntrospectionCustomRule],
      ),
    context: async (request) => ({ ...(await contextOf(request.raw)) }),
    onNext: (_context, _request, result) =>
      result.errors
        ? {
            ...result,
            errors: result.errors.map((error) => formatError(error.toJSON(), error) as GraphQLError),
          }
        : undefined,
  });
  fastify.route({
    method: ["POST"],
    url: "/graphql/stream",
    ...unlimited,
    handler: async (request, reply) => {
      reply.hijack();
      await handle(request, reply);
    },
  });
}
