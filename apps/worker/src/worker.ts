import { setTimeout as delay } from "node:timers/promises";
import { type ArtifactStore, type Database, isConnectionLoss, keepScratchClean } from "@faultline/db";
import { NetworkSessions } from "@faultline/inference";
import type { TaskList } from "graphile-worker";
import { type Logger, pino } from "pino";
import { ingestDataset } from "./ingest/ingest-dataset.ts";
import { failAbandonedWork } from "./queue/abandoned-work.ts";
import { InterruptedJobs } from "./queue/interrupted-jobs.ts";
import { releaseJobsOfDeadWorkers } from "./queue/living-workers.ts";
import { QueueSession } from "./queue/queue-session.ts";
import type { WorkerContext } from "./queue/run-job.ts";
import { type WorkerSettings, workerSettings } from "./settings.ts";
import { align } from "./stages/align/align.ts";
import { embedShard } from "./stages/embed/embed-shard.ts";
import { planRun } from "./stages/plan/plan-run.ts";
import { report } from "./stages/report/report.ts";
import { strengthsShard } from "./stages/strengths/strengths-shard.ts";
import { verdicts } from "./stages/verdicts/verdicts.ts";
import { dropVerdictsJob } from "./storage/drop-verdicts.ts";
import { sweepArtifactsJob, sweepSchedule } from "./storage/sweep-artifacts.ts";

export interface WorkerOptions extends Partial<WorkerSettings> {
  /** A migrated database; stays open when the worker stops. */
  database: Database;
  /** Its address, for the connections of its own that a worker needs. */
  databaseUrl: string;
  artifactStore: ArtifactStore;
  log?: Logger;
  /** Stops the worker. */
  signal?: AbortSignal;
  /** Milliseconds between looks for dead workers; 1 s by default. */
  lookInterval?: number;
  /** Milliseconds that a job may go on for after the worker was told to stop, before it is given back; 3 s by default. */
  gracePeriod?: number;
}

export interface RunningWorker {
  /** Ends when the worker has stopped; rejects when it had to, by an error that waiting would not mend. */
  finished: Promise<void>;
  /** Finishes or gives back the jobs at hand, then stops. A job that is given back loses no try. */
  stop(): Promise<void>;
}

/** A look for abandoned work reads the whole queue: it comes with every n-th look for dead workers. */
const looksPerSweep = 10;

/** Longest wait between tries to reach a database that is away, in milliseconds. */
const longestPause = 5_000;

/**
 * Starts working on the queue. Any number of workers, on any machines, share a database and artifact store. While the
 * database is away the worker waits for it; jobs that were at hand are given back, and lose no try.
 *
 * @throws the connection's error when the database cannot be reached at first
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { database, databaseUrl, artifactStore, lookInterval = 1_000, gracePeriod = 3_000 } = options;
  const given = workerSettings();
  const settings: WorkerSettings = {
    concurrency: options.concurrency ?? given.concurrency,
    threads: options.threads ?? given.threads,
    networkMemory: options.networkMemory ?? given.networkMemory,
    scratch: options.scratch ?? given.scratch,
  };
  const log = options.log ?? pino({ level: "silent" });
  const networks = new NetworkSessions((sha256) => artifactStore.read(sha256), {
    threads: settings.threads,
    instances: Math.max(1, settings.concurrency - 1),
    memory: settings.networkMemory,
  });
  const { scratch } = settings;
  const tasks = taskList({ database, artifactStore, networks, scratch, log });
  const interrupted = new InterruptedJobs(database.pool);
  const { concurrency } = settings;
  const open = () =>
    QueueSession.open({
      databaseUrl,
      concurrency,
      gracePeriod,
      tasks,
      schedule: sweepSchedule,
      interrupted,
      log,
    });

  const endSweeping = await keepScratchClean(scratch, (error) =>
    log.warn({ err: error }, "the scratch folder cannot be swept"),
  );
  let session = await open();
  log.info({ ...settings }, "worker ready");
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

  /** One session after another, until the worker is told to stop. */
  async function work(): Promise<void> {
    for (;;) {
      const reason = await Promise.race([session.over, stopped]);
      if (!signal.aborted) log.warn({ err: reason }, "the worker lost the database; its jobs are given back");
      await session.close();
      const reopened = await reopen();
      if (!reopened) return;
      session = reopened;
      log.info("the worker is back");
    }
  }

  /** Undefined when the worker was told to stop. @throws what waiting would not mend */
  async function reopen(): Promise<QueueSession | undefined> {
    for (let pause = 100; !signal.aborted; pause = Math.min(2 * pause, longestPause)) {
      await delay(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      try {
        return await open();
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
      }
    }
    return undefined;
  }

  /** Looks after the workers, this one included, and after work that nobody does. */
  async function look(): Promise<void> {
    for (let count = 1; !signal.aborted; count++) {
      try {
        await session.check();
        await interrupted.giveBack();
        await releaseJobsOfDeadWorkers(database, log);
        if (count % looksPerSweep === 0) await failAbandonedWork(database, log);
      } catch (error) {
        // That the database is away is said once, by the session.
        if (!isConnectionLoss(error)) log.warn({ err: error }, "the look for dead workers failed");
      }
      await delay(lookInterval, undefined, { signal }).catch(() => undefined);
    }
  }

  const looking = look();
  const finished = work().finally(async () => {
    stopping.abort();
    await looking;
    endSweeping();
    await networks.close();
    log.info("worker stopped");
  });
  finished.catch(() => undefined);
  const stop = async () => {
    stopping.abort();
    await finished.catch(() => undefined);
  };
  options.signal?.addEventListener("abort", () => void stop(), { once: true });
  if (options.signal?.aborted) await stop();
  return { finished, stop };
}

function taskList(context: WorkerContext): TaskList {
  return {
    "ingest-dataset": ingestDataset(context),
    "plan-run": planRun(context),
    "embed-shard": embedShard(context),
    align: align(context),
    "strengths-shard": strengthsShard(context),
    report: report(context),
    verdicts: verdicts(context),
    "drop-verdicts": dropVerdictsJob(context),
    "sweep-artifacts": sweepArtifactsJob(context),
  };
}
