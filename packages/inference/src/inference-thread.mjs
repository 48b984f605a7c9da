// The thread behind OnnxSession (onnx-session.ts). Plain JavaScript, because Node starts worker threads from
// files and runs no TypeScript by itself. onnxruntime-node's run() blocks its thread, so it gets one of its own:
// decoding overlaps with inference, and a server's event loop stays free.
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);

/** By input: where what comes in shared memory is copied to, since ONNX Runtime takes no tensor from there. */
const copies = new Map();

/** @param {string} name @param {Float32Array | Int32Array | BigInt64Array} data */
function ownValues(name, data) {
  if (!(data.buffer instanceof SharedArrayBuffer)) return data;
  let copy = copies.get(name);
  if (copy?.length !== data.length) {
    copy = data.slice();
    copies.set(name, copy);
  } else copy.set(data);
  return copy;
}

try {
  const session = await InferenceSession.create(workerData.file, workerData.options);
  const run = async ({ id, feeds, outputs }) => {
    try {
      const tensors = {};
      for (const [name, { type, dims, data }] of Object.entries(feeds))
        tensors[name] = new Tensor(type, ownValues(name, data), dims);
      const result = await session.run(tensors, outputs);
      const values = {};
      for (const name of outputs)
        values[name] = { type: result[name].type, dims: result[name].dims, data: result[name].data };
      port.postMessage(
        { id, values },
        outputs.map((name) => values[name].data.buffer),
      );
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  };
  // One after another: ONNX Runtime reads the copies only when this thread is next idle.
  let last = Promise.resolve();
  port.on("message", (message) => {
    last = last.then(() => run(message));
  });
  port.postMessage({ ready: true, inputs: session.inputMetadata, outputs: session.outputMetadata });
} catch (error) {
  port.postMessage({ ready: false, error: error instanceof Error ? error.message : String(error) });
}
