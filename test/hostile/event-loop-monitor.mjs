// Loaded into a process under test (node --import): tells its parent for how long its event loop was held.
// Plain JavaScript, because it comes before any loader.
import { readFileSync } from "node:fs";

const interval = 5;
let held = 0;
let last = now();

/** Milliseconds on the clock, and those that the main thread was ready but had no core (other processes had it). */
function now() {
  // Fields of schedstat: nanoseconds on a core, nanoseconds in the queue for one, turns.
  const [, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
  return { clock: performance.now(), waited: Number(waited) / 1e6 };
}

setInterval(() => {
  const turn = now();
  // What others of this machine take is not ours: a test must not fail because another one runs.
  held = Math.max(held, turn.clock - last.clock - (turn.waited - last.waited) - interval);
  last = turn;
}, interval).unref();

process.on("message", (message) => {
  if (message?.eventLoop === "reset") held = 0;
  if (message?.eventLoop) process.send?.({ eventLoopHeld: held });
});
// A test that was killed leaves no process behind.
process.on("disconnect", () => process.exit());
// Listening for messages must not keep the process alive.
process.channel?.unref();
