import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import path from "node:path";
import cookie from "@fastify/cookie";
import cors from "@fastify/cors";
import {
  type ArtifactStore,
  type Database,
  dataDirectory,
  keepScratchClean,
  Notifications,
  ProjectStorage,
  type StorageLimits,
  scratchDirectory,
  Uploads,
} from "@faultline/db";
import { NetworkSessions } from "@faultline/inference";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { FailedAttempts } from "./access/failed-attempts.ts";
import { KnownTokens } from "./access/known-tokens.ts";
import { isLoopbackHost, type LocalUser } from "./access/local-user.ts";
import { createGraphqlServer, shownErrors } from "./graphql-server.ts";
import { addAddressChecks } from "./http/addresses.ts";
import { addDeadline } from "./http/deadline.ts";
import { addDetectorArtifact } from "./http/detector-artifact.ts";
import { addErrorAnswers } from "./http/error-answers.ts";
import { addGraphql } from "./http/graphql.ts";
import { addHealth } from "./http/health.ts";
import { addJsonBodies } from "./http/json-bodies.ts";
import { addMetrics } from "./http/metrics.ts";
import { addPictures } from "./http/pictures.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { addSessionCookie } from "./http/session-cookie.ts";
import { addSubscriptions, type SubscriptionLimits } from "./http/subscriptions.ts";
import { addUploads } from "./http/uploads.ts";
import { addVerdictExport } from "./http/verdict-export.ts";
import type { Introspection } from "./limits/admission.ts";
import { Documents } from "./limits/documents.ts";
import { KnownPairedCounts } from "./reports/known-paired-counts.ts";
import { KnownRuns } from "./runs/known-runs.ts";
import type { Services } from "./services.ts";
import { sweepUploads } from "./sweep-uploads.ts";

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
  /** Quota of a project without one of its own, and bounds of unfinished uploads; see defaultStorageLimits. */
  storageLimits?: Partial<StorageLimits>;
  /** Bytes of memory that a network may take; 2 GiB by default. */
  networkMemory?: number;
  /** 0, the default, takes a free one. */
  port?: number;
  /** 127.0.0.1 by default. */
  host?: string;
  /** Requests from this machine act as its administrator. Only for a machine with one user, and a host on loopback. */
  localUser?: LocalUser;
  /** Who may ask for the schema; those with a token by default. */
  introspection?: Introspection;
  /** Whether visitors speak TLS, with a proxy before the API; false by default. */
  https?: boolean;
  /** 100 of a token and 1,000 of this process by default. */
  subscriptions?: SubscriptionLimits;
  /** How many tokens that do not hold one address may try in a minute; 60 by default. */
  failedAttempts?: number;
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
  exportStallTimeout?: number;
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
  const { database, databaseUrl, artifactStore, logger, host = "127.0.0.1" } = options;
  if (options.localUser && !isLoopbackHost(host))
    throw new Error(
      `With FAULTLINE_LOCAL_USER whoever reaches this API is its administrator, so HOST must be 127.0.0.1, ::1 or localhost, not ${host}. Unset one of them.`,
    );
  const fastify: FastifyInstance = Fastify({
    ...(logger ? { loggerInstance: logger as FastifyBaseLogger } : { logger: false }),
    bodyLimit: options.bodyLimit ?? 16 * 2 ** 20,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    forceCloseConnections: "idle",
  });
  const notifications = await Notifications.open(databaseUrl, logger);
  const storage = new ProjectStorage(database.pool, options.storageLimits);
  const services: Services = {
    prisma: database.prisma,
    pool: database.pool,
    artifactStore,
    uploads: new Uploads({
      folder: options.uploadsDirectory ?? path.join(dataDirectory(), "uploads"),
      store: artifactStore,
      storage,
      maxBytes: options.maximumUploadBytes,
    }),
    storage,
    networks: new NetworkSessions((sha256) => artifactStore.read(sha256), {
      instances: Math.min(2, availableParallelism()),
      memory: options.networkMemory,
    }),
    networkMemory: options.networkMemory,
    notifications,
    tokens: new KnownTokens(database, notifications),
    knownRuns: new KnownRuns(database, notifications),
    pairedCounts: new KnownPairedCounts(database, options.rememberedPairs ?? 1000),
    failedAttempts: new FailedAttempts(options.failedAttempts),
    localUser: options.localUser ?? null,
  };
  await fastify.register(cookie);
  if (options.allowedOrigins?.length)
    await fastify.register(cors, { origin: options.allowedOrigins, credentials: true });
  addSecurityHeaders(fastify, options.https ?? false);
  addDeadline(fastify, options.timeout ?? 60_000);
  addAddressChecks(fastify);
  addJsonBodies(fastify);
  addErrorAnswers(fastify);
  const operationMetrics = addMetrics(fastify, services);
  addHealth(fastify, services);
  addSessionCookie(fastify, services);
  addUploads(fastify, services);
  addPictures(fastify, services);
  addVerdictExport(fastify, services, options.exportStallTimeout);
  addDetectorArtifact(fastify, services);

  const introspection = options.introspection ?? "token";
  const graphql = createGraphqlServer(
    fastify,
    { introspection, interpreted: options.interpreted ?? 1 },
    operationMetrics,
  );
  await graphql.start();
  const documents = new Documents();
  addGraphql(fastify, graphql, services, documents);
  addSubscriptions(fastify, services, {
    documents,
    introspection,
    limits: options.subscriptions ?? { perToken: 100, perProcess: 1000 },
    shownErrors,
  });

  const stopSweeping = sweepUploads(services, fastify.log);
  const endScratchSweeps = await keepScratchClean(scratchDirectory(), (error) =>
    fastify.log.warn({ err: error }, "the scratch folder cannot be swept"),
  );
  await fastify.listen({ port: options.port ?? 0, host });
  const { address, family, port } = fastify.server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    fastify,
    close: async () => {
      // Exports whose reader is slow, and connections that were opened and never used, would last for ever.
      const force = setTimeout(() => fastify.server.closeAllConnections(), options.closingTime ?? 5000);
      await notifications.close();
      await fastify.close();
      await stopSweeping();
      endScratchSweeps();
      await graphql.stop();
      await services.networks.close();
      clearTimeout(force);
    },
  };
}
