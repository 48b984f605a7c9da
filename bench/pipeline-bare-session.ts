// The bare ONNX Runtime session of `pipeline`:  pipeline-bare-session.ts ENCODER HEAD TENSORS IMAGES
// Nothing but inference on tensors that lie in memory already, with ONNX Runtime's own thread settings. Batch sizes
// are tried on some of the images; images a second and processor time an image
// over all of them at the fastest are reported.
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [encoderFile, headFile, tensorsFile, imageCount] = process.argv.slice(2);
const images = Number(imageCount);
const encoder = await InferenceSession.create(encoderFile);
const head = await InferenceSession.create(headFile);
const bytes = readFileSync(tensorsFile);
const tensors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const side = Math.sqrt(tensors.length / images / 3);
const size = 3 * side * side;

async function pass(batch: number, limit = images): Promise<number> {
  const start = performance.now();
  for (let from = 0; from < limit; from += batch) {
    const count = Math.min(batch, limit - from);
    const data = tensors.subarray(from * size, (from + count) * size);
    const embedding = await encoder.run({
      [encoder.inputNames[0]]: new Tensor("float32", data, [count, 3, side, side]),
    });
    await head.run({ [head.inputNames[0]]: embedding[encoder.outputNames[0]] });
  }
  return (performance.now() - start) / 1000;
}

const trial = Math.min(images, 1024);
await pass(32, trial);
let best = { seconds: Number.POSITIVE_INFINITY, batch: 0 };
for (const batch of [16, 32, 64, 128]) {
  const seconds = await pass(batch, trial);
  if (seconds < best.seconds) best = { seconds, batch };
}
const before = process.cpuUsage();
const seconds = await pass(best.batch);
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    imagesPerSecond: images / seconds,
    coreMilliseconds: (user + system) / 1000 / images,
    batch: best.batch,
  }),
);
