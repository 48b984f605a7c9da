// A thread of a network's process: it loads the network and carries out runs, or splits it. onnxruntime-node blocks
// its thread, so the process keeps another free, which watches (main.mjs). Runs come by a socket of its own.
//
// Its work comes as a message, so that the process can start the thread before it has read a file. What few networks
// need (onnx-proto, which takes as long to load as all else here) is loaded where it is used.
import { once } from "node:events";
import { readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { parentPort } from "node:worker_threads";
import { Tensor } from "onnxruntime-node";
import { beginWork, endWork, isOutOfMemory } from "./limits.mjs";
import { createSession, reasonOf } from "./session.mjs";
import { Unsplittable } from "./unsplittable.mjs";
import { RefusedModel, vet } from "./vetting.mjs";

/** @import { FeedPlace, Failure, Report, Run, RunReport, TensorPlace } from "./protocol.ts" */
/** @typedef {Float32Array | Int32Array | BigInt64Array} Values */
/**
 * @typedef {object} Work
 * @property {Uint8Array} file
 * @property {string} [splitAt] the penultimate tensor, if the file is to be split
 * @property {number} threads
 * @property {number} [socket] descriptor of the socket by which runs come
 * @property {import("./limits.mjs").WorkState} [state] where it says what it does
 * @property {Failure} [memory] what to say when there is not enough
 */

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
/** @type {Work} */
const work = (await once(port, "message"))[0];
const tensorFile = 4;

const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };

try {
  if (work.splitAt === undefined) await load();
  else await splitFile(work.splitAt);
} catch (error) {
  tell({ event: "failed", failure: failureOf(error) });
}

/**
 * @typedef {Report
 *   | { event: "parts", encoder: Uint8Array, head: Uint8Array }} ThreadReport
 */

/** @param {ThreadReport} report */
function tell(report) {
  port.postMessage(report);
}

/** @param {unknown} error @returns {Failure} */
function failureOf(error) {
  const problem = error instanceof RefusedModel ? error.problem : reasonOf(error);
  if (error instanceof Unsplittable) return { problem, candidates: error.candidates };
  if (error instanceof RefusedModel) return { problem, remedy: error.remedy };
  return { problem };
}

/** @param {string} tensor */
async function splitFile(tensor) {
  const { split } = await import("./split.mjs");
  const { encoder, head } = await split(work.file, tensor);
  tell({ event: "parts", encoder, head });
}

async function load() {
  vet(work.file);
  const session = await createSession(work.file, work.threads);
  const socket = new Socket({ fd: work.socket });
  // One after another: ONNX Runtime reads the feeds only when this thread is next idle.
  let last = Promise.resolve();
  createInterface({ input: socket }).on("line", (line) => {
    last = last.then(async () => {
      socket.write(`${JSON.stringify(await carryOut(session, JSON.parse(line)))}\n`);
    });
  });
  tell({
    event: "loaded",
    inputs: session.inputMetadata.map(infoOf),
    outputs: session.outputMetadata.map(infoOf),
    seconds: 0,
  });
}

/** @param {import("onnxruntime-node").InferenceSession.ValueMetadata} metadata */
function infoOf(metadata) {
  if (!metadata.isTensor) return { name: metadata.name, type: "not a tensor", shape: [] };
  return { name: metadata.name, type: metadata.type, shape: metadata.shape };
}

/**
 * @param {import("onnxruntime-node").InferenceSession} session
 * @param {Run} run
 * @returns {Promise<RunReport>}
 */
async function carryOut(session, { id, feeds, feedsAt, outputs, outputsAt, mostOutputBytes, seconds }) {
  const start = performance.now();
  if (work.state) beginWork(work.state, seconds);
  try {
    /** @type {Record<string, Tensor>} */
    const tensors = {};
    let at = feedsAt;
    for (const feed of feeds) {
      tensors[feed.name] = new Tensor(feed.type, valuesOf(feed, at), feed.dims);
      at += feed.bytes;
    }
    const results = await session.run(tensors, outputs);
    const places = outputs.map((name) => placeOf(name, results[name]));
    const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
    if (bytes > mostOutputBytes)
      throw new RefusedModel(
        `its outputs take ${bytes} bytes, at most ${mostOutputBytes} are taken`,
        "Export a graph that gives one vector per input",
      );
    let to = outputsAt;
    for (const { name, bytes } of places) {
      const { data } = results[name];
      if (bytes > 0 && data instanceof Float32Array) write(bytesOf(data), to);
      to += bytes;
    }
    return { id, outputs: places, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    const failure = failureOf(error);
    return { id, failure: work.memory && isOutOfMemory(failure.problem) ? work.memory : failure };
  } finally {
    if (work.state) endWork(work.state);
  }
}

/** By input: the array that its values are read into, the same for every batch. @type {Map<string, Values>} */
const memory = new Map();

/** @param {FeedPlace} place @param {number} from */
function valuesOf({ name, type, bytes }, from) {
  const Values = arrays[type];
  let values = memory.get(name);
  if (!(values instanceof Values) || values.byteLength !== bytes) {
    values = new Values(bytes / new Values(0).BYTES_PER_ELEMENT);
    memory.set(name, values);
  }
  const target = bytesOf(values);
  for (let done = 0; done < bytes; ) {
    const read = readSync(tensorFile, target, done, bytes - done, from + done);
    if (read === 0) throw new Error("the tensor file ends early");
    done += read;
  }
  return values;
}

/** @param {string} name @param {Tensor} tensor @returns {TensorPlace} */
function placeOf(name, { type, dims, data }) {
  return { name, type, dims, bytes: data instanceof Float32Array ? data.byteLength : 0 };
}

/** @param {Values} values */
function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @param {Uint8Array} bytes @param {number} at */
function write(bytes, at) {
  for (let done = 0; done < bytes.length; )
    done += writeSync(tensorFile, bytes, done, bytes.length - done, at + done);
}
