// A network's process (onnx-session.ts starts it): plain JavaScript, because Node runs no TypeScript by itself.
//
// The network runs in threads, one an instance, so that this thread is free to end the process when a limit is
// reached or when the process that started it is gone, whatever ONNX Runtime does at that time.
//
//   main.mjs MEMORY      with a channel for messages (protocol.ts), and the tensor file as descriptor 4
import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** @import { Failure, Load, Report, Run, Split, Task } from "./protocol.ts" */

const memory = Number(process.argv[2]);
/** Milliseconds between looks at the memory. */
const watchInterval = 50;

// A terminal and a service manager tell every process of a group to stop. This one ends with the one that started it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
process.on("disconnect", () => {
  // Else the one that started it removes its working directory.
  rmSync(process.cwd(), { recursive: true, force: true });
  endNow();
});

/** @param {Report} report */
function tell(report, sent = () => {}) {
  process.send?.(report, sent);
}

function endNow() {
  process.kill(process.pid, "SIGKILL");
}

/** @param {Failure} failure */
function giveUp(failure) {
  tell({ event: "ended", failure }, endNow);
}

/** @param {number} seconds @param {string} what */
function deadline(seconds, what) {
  return setTimeout(
    () =>
      giveUp({
        problem: `it took longer than ${Math.round(seconds)} seconds to ${what}`,
        remedy: "Export a smaller network, without loops that may not end",
      }),
    seconds * 1000,
  );
}

/** Things at hand; while there are any, the memory is watched. */
let busy = 0;
/** @type {NodeJS.Timeout | undefined} */
let watch;

function begin() {
  if (busy++ === 0)
    watch = setInterval(() => {
      if (process.memoryUsage.rss() > memory) giveUp(outOfMemory());
    }, watchInterval);
}

function end() {
  if (--busy === 0) clearInterval(watch);
}

function outOfMemory() {
  return {
    problem: `it needs more than the ${Math.round(memory / 2 ** 20)} MiB of memory that a network may take`,
    remedy: "Export a smaller network, or raise FAULTLINE_NETWORK_MEMORY",
  };
}

/** What ONNX Runtime says when it gets no memory. */
const noMemory = /bad[ _]alloc|failed to allocate|allocation failed|array buffer allocation|out of memory/i;

/** @param {Failure} failure @returns {Failure} */
function explained(failure) {
  return noMemory.test(failure.problem) && !failure.candidates ? outOfMemory() : failure;
}

/** A network in memory, with the runs that it was given. */
class Instance {
  /** The first is at work. @type {Run[]} */
  runs = [];
  #thread;
  /** @type {NodeJS.Timeout | undefined} */
  #deadline;

  /** @param {Worker} thread */
  constructor(thread) {
    this.#thread = thread;
  }

  /** @param {Run} run */
  add(run) {
    begin();
    this.runs.push(run);
    this.#thread.postMessage(run);
    if (this.runs.length === 1) this.#time();
  }

  /** Its first run is done. */
  done() {
    clearTimeout(this.#deadline);
    this.runs.shift();
    end();
    this.#time();
  }

  #time() {
    if (this.runs.length > 0) this.#deadline = deadline(this.runs[0].seconds, "run");
  }
}

/** @type {Instance[]} */
const instances = [];

/** @param {Load | Split} task */
async function readFile({ bytes }) {
  const file = new Uint8Array(bytes);
  let done = 0;
  for await (const part of process.stdin) {
    file.set(part, done);
    done += part.length;
  }
  return file;
}

/** @param {object} workerData @param {(report: any) => void} listener */
function startThread(workerData, listener) {
  const thread = new Worker(new URL("./thread.mjs", import.meta.url), { workerData });
  thread.on("message", listener);
  thread.on("error", (error) =>
    giveUp(
      explained({
        problem: `it cannot be handled: ${error.message}`,
        remedy: "Export a smaller or simpler network",
      }),
    ),
  );
  return thread;
}

/** @param {Load} task */
async function load(task) {
  const { instances: count, threads, convolve, seconds } = task;
  const file = await readFile(task);
  begin();
  const timer = deadline(seconds, "load");
  let loading = count;
  /** @param {object} work */
  const start = (work) => {
    /** @type {Instance | undefined} */
    let instance;
    const thread = startThread({ threads, ...work }, (report) => {
      switch (report.event) {
        case "prepared":
          for (let i = 1; i < count; i++) start({ file: report.file, convolve: false, share: false });
          return;
        case "loaded":
          instance = new Instance(thread);
          instances.push(instance);
          if (--loading > 0) return;
          clearTimeout(timer);
          end();
          break;
        case "failed":
          clearTimeout(timer);
          end();
          tell({ ...report, failure: explained(report.failure) });
          return;
        case "run-failed":
          instance?.done();
          tell({ ...report, failure: explained(report.failure) });
          return;
        default:
          instance?.done();
      }
      tell(report);
    });
  };
  start({ file, convolve, share: count > 1 });
}

/** @param {Split} task */
async function split(task) {
  const file = await readFile(task);
  begin();
  const timer = deadline(task.seconds, "split");
  startThread({ file, splitAt: task.tensor }, (report) => {
    clearTimeout(timer);
    end();
    if (report.event === "failed") {
      tell({ ...report, failure: explained(report.failure) });
      return;
    }
    const { encoder, head } = report;
    tell({ event: "split", encoder: encoder.length, head: head.length });
    process.stdout.write(encoder);
    process.stdout.write(head);
  });
}

process.on("message", (/** @type {Task} */ task) => {
  if (task.task === "load") load(task);
  else if (task.task === "split") split(task);
  else
    instances.reduce((idlest, other) => (other.runs.length < idlest.runs.length ? other : idlest)).add(task);
});
