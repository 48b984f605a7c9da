import { databaseServer, migrate, openArtifactStore, openDatabase } from "@faultline/db";
import { pino } from "pino";
import { startApi } from "./server.ts";
import { apiSettings } from "./settings.ts";
import { startTracing } from "./tracing.ts";

// The API's process. DATABASE_URL (else the embedded PostgreSQL), FAULTLINE_DATA, FAULTLINE_ARTIFACTS, those of
// settings.ts; OTEL_EXPORTER_OTLP_ENDPOINT and its kin for traces.
const settings = apiSettings();
const logger = pino({
  level: settings.FAULTLINE_LOG_LEVEL,
  redact: ["req.headers.authorization", "req.headers.cookie"],
});

const stopTracing = await startTracing();
const server = await databaseServer(process.env, logger);
await migrate(server.url);
const database = openDatabase(server.url, {
  connections: settings.FAULTLINE_DATABASE_CONNECTIONS,
  statementTimeout: settings.FAULTLINE_STATEMENT_TIMEOUT,
  connectionTimeout: settings.FAULTLINE_POOL_TIMEOUT,
});
const api = await startApi({
  database,
  databaseUrl: server.url,
  artifactStore: await openArtifactStore(),
  port: settings.PORT,
  host: settings.HOST,
  localUser: settings.FAULTLINE_LOCAL_USER ? { proxyKey: settings.FAULTLINE_PROXY_KEY } : undefined,
  introspection: settings.FAULTLINE_INTROSPECTION,
  https: settings.FAULTLINE_HTTPS,
  timeout: settings.FAULTLINE_REQUEST_TIMEOUT,
  subscriptions: {
    perToken: settings.FAULTLINE_MAX_SUBSCRIPTIONS_PER_TOKEN,
    perProcess: settings.FAULTLINE_MAX_SUBSCRIPTIONS,
  },
  allowedOrigins: settings.FAULTLINE_ALLOWED_ORIGINS,
  maximumUploadBytes: settings.FAULTLINE_MAX_UPLOAD_BYTES,
  networkMemory: settings.FAULTLINE_NETWORK_MEMORY,
  storageLimits: { quotaBytes: settings.FAULTLINE_PROJECT_QUOTA },
  logger,
});
logger.info({ url: api.url }, "the API listens");

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, "the API stops");
  await api.close();
  await database.close();
  await server.stop();
  await stopTracing();
  process.exit(0);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
