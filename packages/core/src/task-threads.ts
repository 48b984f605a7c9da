import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { type ResourceLimits, Worker } from "node:worker_threads";
import type { AnswerTo, ParallelTask } from "./parallel-worker.ts";

/** At most as many threads as cores, started when they are needed; who finds none free waits in line. */
const limit = availableParallelism();
const idle: TaskThread[] = [];
const inLine: ((thread: TaskThread) => void)[] = [];
let started = 0;

/** @returns what a thread answers @throws what it throws */
export function runTask<Task extends ParallelTask>(task: Task): Promise<AnswerTo<Task>> {
  return withThread((thread) => thread.run(task));
}

/** Does some work with a thread of its own, for as long as it takes. A thread whose work failed is not used again. */
export async function withThread<T>(work: (thread: TaskThread) => Promise<T>): Promise<T> {
  const thread = await takeThread();
  try {
    const result = await work(thread);
    giveBack(thread);
    return result;
  } catch (error) {
    await discard(thread);
    throw error;
  }
}

/** A worker thread, which answers tasks in the order in which it got them. Keeps the process alive while it does. */
export class TaskThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];

  /** @param resourceLimits of its heap; Node's own where there are none */
  constructor(resourceLimits?: ResourceLimits) {
    this.#worker = startWorker(resourceLimits);
    this.#worker.unref();
    this.#worker.on("message", (answer: unknown) => {
      this.#waiting.shift()?.resolve(answer);
      if (this.#waiting.length === 0) this.#worker.unref();
    });
    this.#worker.on("error", (error: Error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  run<Task extends ParallelTask>(task: Task): Promise<AnswerTo<Task>> {
    this.#worker.ref();
    return new Promise((resolve: (answer: AnswerTo<Task>) => void, reject) => {
      // Answers come in the order of the tasks, so that this one gets its own.
      this.#waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
      this.#worker.postMessage(task);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function takeThread(): Promise<TaskThread> {
  const free = idle.pop();
  if (free) return free;
  if (started === limit) return new Promise((resolve) => inLine.push(resolve));
  started++;
  return new TaskThread();
}

function giveBack(thread: TaskThread): void {
  const next = inLine.shift();
  if (next) next(thread);
  else idle.push(thread);
}

async function discard(thread: TaskThread): Promise<void> {
  const next = inLine.shift();
  if (next) next(new TaskThread());
  else started--;
  await thread.end();
}

function startWorker(resourceLimits?: ResourceLimits): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./parallel-worker.js", import.meta.url), { resourceLimits });
  // From source (tests, development) the thread must load TypeScript, which Node 20 cannot do by itself.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json"));
  const loader = new URL("dist/esm/api/index.mjs", tsx).href;
  const entry = new URL("./parallel-worker.ts", import.meta.url).href;
  const start = `import(${JSON.stringify(loader)}).then((tsx) => tsx.tsImport(${JSON.stringify(entry)}, ${JSON.stringify(entry)}))`;
  return new Worker(start, { eval: true, execArgv: [], resourceLimits });
}
