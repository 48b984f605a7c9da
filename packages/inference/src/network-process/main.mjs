// A network's process (network-process.ts starts it): plain JavaScript, because Node runs no TypeScript by itself.
//
// The network runs in threads, one an instance, each with a socket to the process that started this one. So this thread
// is free to end the process when a limit is reached or the other one is gone, whatever ONNX Runtime does at that time.
//
//   main.mjs MEMORY      with a channel (protocol.ts), the tensor file as descriptor 4 and the sockets from 5 on
import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { beginWork, endWork, isOutOfMemory, processorSeconds, Watch, workState } from "./limits.mjs";

/** @import { Failure, Load, Report, Split, Task } from "./protocol.ts" */
/** @import { ThreadReport, Work } from "./thread.mjs" */

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

const watch = new Watch(Number(process.argv[2]), giveUp);
/** Of loading and splitting. */
const opening = workState();

/** @param {Failure} failure @returns {Failure} */
function explained(failure) {
  return !failure.candidates && isOutOfMemory(failure.problem) ? watch.outOfMemory : failure;
}

/** @param {number} bytes */
async function readFile(bytes) {
  const file = new Uint8Array(bytes);
  let done = 0;
  for await (const part of process.stdin) {
    file.set(part, done);
    done += part.length;
  }
  return file;
}

function newThread() {
  const thread = new Worker(new URL("./thread.mjs", import.meta.url));
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

/** Every task needs one: it starts while the file is read. @type {Worker | undefined} */
let waiting = newThread();

/** @param {Work} work @param {(report: ThreadReport) => void} listener */
function startThread(work, listener) {
  const thread = waiting ?? newThread();
  waiting = undefined;
  thread.on("message", listener);
  thread.postMessage(work);
}

/** @param {Load} task */
async function load({ bytes, instances, threads, seconds }) {
  const file = await readFile(bytes);
  const before = processorSeconds();
  watch.add(opening, "load", instances);
  beginWork(opening, seconds);
  let loading = instances;
  for (let instance = 0; instance < instances; instance++) {
    const state = workState();
    watch.add(state, "run", threads);
    startThread({ file, threads, state, socket: 5 + instance, memory: watch.outOfMemory }, (report) => {
      if (report.event === "failed") fail(report.failure);
      else if (report.event === "loaded" && --loading === 0) {
        endWork(opening);
        tell({ ...report, seconds: processorSeconds() - before });
      }
    });
  }
}

/** @param {Split} task */
async function split({ bytes, tensor, seconds }) {
  const file = await readFile(bytes);
  watch.add(opening, "split");
  beginWork(opening, seconds);
  startThread({ file, splitAt: tensor, threads: 1 }, (report) => {
    endWork(opening);
    if (report.event === "failed") fail(report.failure);
    if (report.event !== "parts") return;
    const { encoder, head } = report;
    tell({ event: "split", encoder: encoder.length, head: head.length });
    process.stdout.write(encoder);
    process.stdout.write(head);
  });
}

/** @param {Failure} failure */
function fail(failure) {
  endWork(opening);
  tell({ event: "failed", failure: explained(failure) });
}

process.on("message", (/** @type {Task} */ task) => {
  if (task.task === "load") load(task);
  else split(task);
});
