import { existsSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const repository = join(import.meta.dirname, "..");

/** Small classifiers to weigh a check against: the demo's, and a public ResNet where the shared data is. */
const MODELS = [
  {
    name: "CIFAR-10 ResNet-20",
    file: join(repository, "../shared/data/models/cifar10-resnet20/encoder.onnx"),
    side: 32,
  },
  { name: "Menagerie v1.0 encoder", file: join(repository, "demo/models/v1.0/encoder.onnx"), side: 64 },
];

/** Seconds that one image takes through a small encoder on one thread, or undefined where no model is found. */
export async function inferenceSeconds(): Promise<{ name: string; seconds: number } | undefined> {
  const model = MODELS.find(({ file }) => existsSync(file));
  if (!model) return undefined;
  const session = await InferenceSession.create(model.file, { intraOpNumThreads: 1 });
  const image = new Tensor("float32", new Float32Array(3 * model.side ** 2).fill(0.5), [
    1,
    3,
    model.side,
    model.side,
  ]);
  const feeds = { [session.inputNames[0]]: image };
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 200; round++) {
    const start = performance.now();
    await session.run(feeds);
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  await session.release();
  return { name: model.name, seconds };
}
