import { EventEmitter } from "node:events";
import { type ArtifactStore, type Database, keepScratchClean } from "@faultline/db";
import { NetworkSessions } from "@faultline/inference";
import { Logger as QueueLogger, run, type WorkerEvents } from "graphile-worker";
import { type Logger, pino } from "pino";
import { align } from "./jobs/align.ts";
import { embedShard } from "./jobs/embed-shard.ts";
import { ingestDataset } from "./jobs/ingest-dataset.ts";
import { planRun } from "./jobs/plan-run.ts";
import { report } from "./jobs/report.ts";
import { strengthsShard } from "./jobs/strengths-shard.ts";
import { verdicts } from "./jobs/verdicts.ts";
import { buryDeadWorkers, LivingWorker } from "./living-workers.ts";
import type { WorkerContext } from "./run/run-job.ts";
import { type WorkerSettings, workerSettings } from "./settings.ts";

export interface WorkerOptions extends Partial<WorkerSettings> {
  /** A migrated database; stays open when the worker stops. */
  database: Database;
  /** Its address, for the connections of its own that a worker needs. */
  databaseUrl: string;
  artifactStore: ArtifactStore;
  log?: Logger;
  /** Stops the worker. */
  signal?: AbortSignal;
  /** Milliseconds between looks for dead workers. */
  burialInterval?: number;
}

export interface RunningWorker {
  /** Ends when the worker has stopped; rejects when it had to (it lost the database). */
  finished: Promise<void>;
  /** Finishes or gives back the jobs at hand, then stops. */
  stop(): Promise<void>;
}

/** How long a job may go on after the worker was told to stop, before it is given back to the queue. */
const gracePeriod = 3_000;

/** Starts working on the queue. Any number of workers, on any machines, share a database and artifact store. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { database, databaseUrl, artifactStore, signal, burialInterval = 1_000 } = options;
  const settings = { ...workerSettings(), ...defined(options) };
  const log = options.log ?? pino({ level: "silent" });
  const networks = new NetworkSessions((sha256) => artifactStore.read(sha256), {
    threads: settings.threads,
    instances: Math.max(1, settings.concurrency - 1),
  });
  const scratch = options.scratch ?? settings.scratch;
  const context: WorkerContext = { database, artifactStore, networks, scratch, log };
  const endSweeping = await keepScratchClean(scratch, (error) =>
    log.warn({ err: error }, "the scratch folder cannot be swept"),
  );

  let abort: (error: Error) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    abort = reject;
  });
  lost.catch(() => undefined);
  const living = await LivingWorker.enter(databaseUrl, abort);
  const events: WorkerEvents = new EventEmitter();
  const queueWorkers: string[] = [];
  // The queue locks jobs by the id of the pool, not by that of one of its workers.
  events.on("pool:create", ({ workerPool }) => queueWorkers.push(workerPool.id));

  const runner = await run({
    connectionString: databaseUrl,
    concurrency: settings.concurrency,
    maxPoolSize: settings.concurrency + 2,
    noHandleSignals: true,
    pollInterval: 1_000,
    gracefulShutdownAbortTimeout: gracePeriod,
    logger: queueLogger(log),
    events,
    taskList: {
      "ingest-dataset": ingestDataset(context),
      "plan-run": planRun(context),
      "embed-shard": embedShard(context),
      align: align(context),
      "strengths-shard": strengthsShard(context),
      report: report(context),
      verdicts: verdicts(context),
    },
  });
  await living.nameQueueWorkers(queueWorkers);
  log.info({ ...settings }, "worker ready");

  let burying: Promise<unknown> = Promise.resolve();
  const burials = setInterval(() => {
    burying = buryDeadWorkers(database, log).catch((error: unknown) =>
      log.warn({ err: error }, "burial failed"),
    );
  }, burialInterval);

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      clearInterval(burials);
      endSweeping();
      await runner.stop().catch(() => undefined);
      await burying;
      await living.leave();
      await networks.close();
      log.info("worker stopped");
    })();
    return stopping;
  };
  signal?.addEventListener("abort", () => void stop(), { once: true });
  if (signal?.aborted) await stop();
  const finished = Promise.race([runner.promise, lost]).finally(stop);
  finished.catch(() => undefined);
  return { finished, stop };
}

/** Given settings, without those left undefined. */
function defined({ concurrency, threads }: Partial<WorkerSettings>): Partial<WorkerSettings> {
  return { ...(concurrency !== undefined && { concurrency }), ...(threads !== undefined && { threads }) };
}

/** The queue's messages in our log; what a job says of itself is logged where it runs. */
function queueLogger(log: Logger): QueueLogger {
  return new QueueLogger(() => (level, message) => {
    if (level === "error") log.error({ queue: true }, message);
    else if (level === "warning") log.warn({ queue: true }, message);
    else log.trace({ queue: true }, message);
  });
}
