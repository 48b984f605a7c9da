import { databaseServer, migrate, openArtifactStore, openDatabase } from "@faultline/db";
import { pino } from "pino";
import { startApi } from "./server.ts";
import { startTracing } from "./tracing.ts";

// The API's process. PORT (4000), HOST (127.0.0.1), DATABASE_URL (else the embedded PostgreSQL), FAULTLINE_DATA,
// FAULTLINE_ARTIFACTS, FAULTLINE_LOCAL_USER=1, FAULTLINE_INTROSPECTION=0, FAULTLINE_ALLOWED_ORIGINS (comma
// between), FAULTLINE_MAX_UPLOAD_BYTES, FAULTLINE_LOG_LEVEL; OTEL_EXPORTER_OTLP_ENDPOINT and its kin for traces.
const environment = process.env;
const logger = pino({
  level: environment.FAULTLINE_LOG_LEVEL ?? "info",
  redact: ["req.headers.authorization", "req.headers.cookie"],
});

const stopTracing = await startTracing();
const server = await databaseServer();
await migrate(server.url);
const database = openDatabase(server.url);
const api = await startApi({
  database,
  databaseUrl: server.url,
  artifactStore: await openArtifactStore(),
  port: Number(environment.PORT ?? 4000),
  host: environment.HOST ?? "127.0.0.1",
  localUser: environment.FAULTLINE_LOCAL_USER === "1",
  introspection: environment.FAULTLINE_INTROSPECTION !== "0",
  allowedOrigins: environment.FAULTLINE_ALLOWED_ORIGINS?.split(",").map((origin) => origin.trim()),
  maximumUploadBytes: environment.FAULTLINE_MAX_UPLOAD_BYTES
    ? Number(environment.FAULTLINE_MAX_UPLOAD_BYTES)
    : undefined,
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
