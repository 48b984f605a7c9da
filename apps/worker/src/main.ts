// A worker process. Stops on SIGTERM and SIGINT: jobs at hand are finished or given back to the queue.
import { setFlagsFromString } from "node:v8";
import { databaseServer, migrate, openArtifactStore, openDatabase } from "@faultline/db";
import { pino } from "pino";
import { workerSettings } from "./settings.ts";
import { startWorker } from "./worker.ts";

// V8 collects a small heap as soon as it has grown by some 10 MB, several times a run, which takes a fifteenth of the
// processors' time. Collecting when it has tripled costs tens of megabytes.
setFlagsFromString("--heap-growing-percent=200");

// From the beginning: a worker that is told to stop while it starts leaves in order too.
const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());

const { logLevel, ...settings } = workerSettings();
const log = pino({ level: logLevel, name: "worker" });
const server = await databaseServer(process.env, log);
await migrate(server.url);
const database = openDatabase(server.url, {
  connections: settings.concurrency + 4,
  // Work can wait, other than a request.
  connectionTimeout: 60_000,
});
const worker = await startWorker({
  ...settings,
  database,
  databaseUrl: server.url,
  artifactStore: await openArtifactStore(),
  log,
  signal: stopping.signal,
});

try {
  await worker.finished;
} catch (error) {
  log.fatal({ err: error }, "the worker cannot go on");
  process.exitCode = 1;
} finally {
  await worker.stop();
  await database.close();
  await server.stop();
}
