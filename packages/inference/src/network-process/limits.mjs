// What the free thread of a network's process watches: processor time, time by the clock, and memory.

/** @import { Failure } from "./protocol.ts" */

/** Milliseconds between looks. */
const INTERVAL = 200;
/** By the clock, work may take so many times its processor time: other work on the machine is not its fault. */
const CLOCK_FACTOR = 5;

/**
 * Numbers that a thread tells the one that watches, in shared memory: seconds that its work may take (0: it has none),
 * and how many pieces of work it has begun.
 *
 * @typedef {Float64Array} WorkState
 */

/** @returns {WorkState} */
export function workState() {
  return new Float64Array(new SharedArrayBuffer(16));
}

/** @param {WorkState} state @param {number} seconds */
export function beginWork(state, seconds) {
  state[1]++;
  state[0] = seconds;
}

/** @param {WorkState} state */
export function endWork(state) {
  state[0] = 0;
}

/** Seconds of processor time of this process so far. */
export function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Watches the work of threads and the memory of the process. */
export class Watch {
  /** @type {{ state: WorkState, what: string, cores: number, begun: number, used: number, since: number }[]} */
  #works = [];
  #memory;
  #giveUp;
  #processor = processorSeconds();

  /**
   * @param {number} memory bytes
   * @param {(failure: Failure) => void} giveUp called when a limit is reached
   */
  constructor(memory, giveUp) {
    this.#memory = memory;
    this.#giveUp = giveUp;
    setInterval(() => this.#look(), INTERVAL);
  }

  /**
   * @param {WorkState} state
   * @param {string} what it does: "load", "run"
   * @param {number} cores that it may use at a time
   */
  add(state, what, cores = 1) {
    this.#works.push({ state, what, cores, begun: 0, used: 0, since: 0 });
  }

  /** @returns {Failure} */
  get outOfMemory() {
    return {
      problem: `it needs more than the ${Math.round(this.#memory / 2 ** 20)} MiB of memory that a network may take`,
      remedy: "Export a smaller network, or raise FAULTLINE_NETWORK_MEMORY",
    };
  }

  #look() {
    if (process.memoryUsage.rss() > this.#memory) this.#giveUp(this.outOfMemory);
    const processor = processorSeconds();
    const busy = this.#works.filter(({ state }) => state[0] > 0);
    // Which thread took the time is not known, so each counts for as much.
    const share = (processor - this.#processor) / Math.max(1, busy.length);
    this.#processor = processor;
    const now = performance.now();
    for (const work of busy) {
      const [seconds, begun] = work.state;
      if (work.begun !== begun) Object.assign(work, { begun, used: 0, since: now });
      else work.used += share;
      const clock = (now - work.since) / 1000;
      if (work.used > seconds * work.cores || clock > CLOCK_FACTOR * seconds)
        this.#giveUp({
          problem: `it took longer than ${Math.max(1, Math.round(seconds))} seconds to ${work.what}`,
          remedy: "Export a smaller network, without loops that may not end",
        });
    }
  }
}

/** What ONNX Runtime and V8 say when they get no memory. */
const noMemory = /bad[ _]alloc|failed to allocate|allocation failed|array buffer allocation|out of memory/i;

/** @param {string} problem */
export function isOutOfMemory(problem) {
  return noMemory.test(problem);
}
