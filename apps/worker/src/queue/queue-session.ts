import { EventEmitter } from "node:events";
import { isConnectionLoss, openPool } from "@faultline/db";
import { Logger as QueueLogger, type Runner, run, type TaskList, type WorkerEvents } from "graphile-worker";
import type pg from "pg";
import type { Logger } from "pino";
import type { InterruptedJobs } from "./interrupted-jobs.ts";
import { LivingWorker } from "./living-workers.ts";

export interface QueueSessionOptions {
  databaseUrl: string;
  concurrency: number;
  /** Milliseconds that jobs may go on for after the session was told to close. */
  gracePeriod: number;
  tasks: TaskList;
  /** Tasks by the clock, as graphile-worker's crontab. */
  schedule: string;
  interrupted: InterruptedJobs;
  log: Logger;
}

/**
 * A worker's time among the living: its entry, and the queue's runner that takes jobs under the names in that entry.
 * Both end together, since jobs that are taken by nobody's name would be lost for hours; after a loss of the database
 * the worker opens a new session.
 */
export class QueueSession {
  readonly #living: LivingWorker;
  readonly #runner: Runner;
  readonly #pool: pg.Pool;
  readonly #names: readonly string[];
  readonly #interrupted: InterruptedJobs;
  /** Resolves when the session is over without being closed, to the reason. Then close it. */
  readonly over: Promise<unknown>;

  private constructor(
    living: LivingWorker,
    runner: Runner,
    pool: pg.Pool,
    names: readonly string[],
    interrupted: InterruptedJobs,
  ) {
    this.#living = living;
    this.#runner = runner;
    this.#pool = pool;
    this.#names = names;
    this.#interrupted = interrupted;
    const stopped = runner.promise.then(
      () => new Error("the queue's runner has stopped"),
      (error: unknown) => error,
    );
    this.over = Promise.race([living.lost, stopped]);
  }

  static async open(options: QueueSessionOptions): Promise<QueueSession> {
    const { databaseUrl, concurrency, interrupted, log } = options;
    const living = await LivingWorker.enter(databaseUrl);
    // Our own, since the queue takes the error handlers off its pool before it ends it.
    const pool = openPool(databaseUrl, { connections: concurrency + 2, name: "faultline queue" });
    pool.on("acquire", (client) => queueMicrotask(() => ignoreSecondRelease(client)));
    const events: WorkerEvents = new EventEmitter();
    const names: string[] = [];
    // The queue locks jobs by the id of the pool, not by that of one of its workers.
    events.on("pool:create", ({ workerPool }) => names.push(workerPool.id));
    try {
      const runner = await run({
        pgPool: pool,
        concurrency,
        noHandleSignals: true,
        pollInterval: 1_000,
        gracefulShutdownAbortTimeout: options.gracePeriod,
        logger: queueLogger(log),
        events,
        taskList: Object.fromEntries(
          Object.entries(options.tasks).map(([name, task]) => [name, task && interrupted.watch(task)]),
        ),
        crontab: options.schedule,
        // Without a delay set, the end of a job that cannot be written rejects a promise that nobody handles.
        preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      });
      const session = new QueueSession(living, runner, pool, names, interrupted);
      await living.nameQueueWorkers(names).catch(() => undefined);
      return session;
    } catch (error) {
      await living.leave();
      await pool.end();
      throw error;
    }
  }

  /** Whether the connection that proves life still answers; a silent network says nothing by itself. */
  check(): Promise<void> {
    return this.#living.check();
  }

  /** Finishes or gives back the jobs at hand, as far as the database is there. Never rejects. */
  async close(): Promise<void> {
    await this.#runner.stop().catch(() => undefined);
    await this.#runner.promise.catch(() => undefined);
    for (const name of this.#names) this.#interrupted.retire(name);
    await this.#interrupted.giveBack().catch(() => undefined);
    await this.#living.leave();
    await this.#pool.end();
  }
}

/**
 * The queue releases its listening connection twice when that is lost while it stops, which the pool answers by an error
 * that nobody can catch. (In a microtask: the pool sets `release` after its event, and before whoever waits goes on.)
 */
function ignoreSecondRelease(client: pg.PoolClient): void {
  const { release } = client;
  let released = false;
  client.release = (error) => {
    if (released) return;
    released = true;
    release.call(client, error);
  };
}

/** The queue's messages in our log; interrupted jobs and the loss of the database are logged elsewhere. */
function queueLogger(log: Logger): QueueLogger {
  return new QueueLogger(() => (level, message, meta) => {
    const error: unknown = meta?.error ?? meta?.fatalError;
    const interrupted = isConnectionLoss(error) || (error instanceof Error && error.name === "AbortError");
    if (level === "error" && !interrupted) log.error({ queue: true }, message);
    else if (level === "warning") log.warn({ queue: true }, message);
    else log.trace({ queue: true }, message);
  });
}
