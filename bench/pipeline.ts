// The analysis pipeline, end to end. `npm run bench pipeline [-- --json FILE] [--photographs | --million]`
//
// Photographs: the public ResNets on 12,850 photographs (../shared/data; skipped where absent) against the bare ONNX
// Runtime session on preloaded tensors and against a Python pipeline, with 1, 2 and 4 worker processes. A million: a
// generated run of a million inputs with brought embeddings of d = 512. Both, unless a flag asks for one alone.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { matrix } from "@faultline/core";
import { type PreprocessingSpec, preprocessImage } from "@faultline/inference";
import { millionInputs } from "./pipeline-million.ts";
import { DirectionalVlm, PipelineWorld } from "./pipeline-worlds.ts";
import { type BenchRow, lessIsBetter, moreIsBetter, report } from "./report.ts";

const shared = join(import.meta.dirname, "../../shared/data");
const python = process.env.PYTHON ?? "/usr/bin/python3";
const source = ["--conditions=faultline-source", "--import", "tsx"];
const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const preprocessing: PreprocessingSpec = {
  width: 32,
  height: 32,
  resize: "none",
  interpolation: "bilinear",
  mean: [0.485, 0.456, 0.406],
  standardDeviation: [0.229, 0.224, 0.225],
};
const cores = availableParallelism();
const rows: BenchRow[] = [];
const versions: Record<string, string> = {};

interface Photograph {
  id: string;
  classNumber: number;
  bytes: Buffer;
}

const { values: flags } = parseArgs({
  options: { photographs: { type: "boolean" }, million: { type: "boolean" } },
  strict: false,
});
if (flags.photographs || !flags.million) {
  if (existsSync(shared)) await photographs();
  else console.warn(`skipped: the ResNets and photographs are not in ${shared}`);
}
if (flags.million || !flags.photographs) rows.push(...(await millionInputs()));
report("pipeline", rows, versions);

async function photographs(): Promise<void> {
  const world = await PipelineWorld.open();
  try {
    const folder = join(world.folder, "photographs");
    mkdirSync(folder);
    execFileSync("tar", ["xf", join(shared, "cifar10-photos.tar"), "-C", folder]);
    const pictures = readPhotographs(folder);
    const tensors = join(world.folder, "tensors");
    await preload(pictures, tensors);

    await world.startWorkers(1, cores + 1);
    const dataset = await world.registration.dataset({
      classes,
      archive: join(shared, "cifar10-photos.tar"),
    });
    if (dataset.status !== "READY") throw new Error(`${dataset.error}`);
    await world.stopWorkers();
    const vlm = await bringVlm(world, dataset.id, pictures);

    for (const name of ["cifar10-resnet20", "cifar10-resnet56"]) {
      const file = (part: string) => join(shared, "models", name, `${part}.onnx`);
      const modelVersionId = await world.registration.modelVersion({
        classes,
        embeddingWidth: 64,
        encoder: file("encoder"),
        head: file("head"),
        preprocessing,
      });
      const bare = () =>
        JSON.parse(
          execFileSync(
            process.execPath,
            [
              ...source,
              join(import.meta.dirname, "pipeline-bare-session.ts"),
              file("encoder"),
              file("head"),
              tensors,
              String(pictures.length),
            ],
            { encoding: "utf8" },
          ),
        ) as BareTiming;
      const ours = () => timeRun(world, { ...vlm, modelVersionId, datasetId: dataset.id }, pictures.length);
      /**
       * Worker processes that have done some runs each, as the session has warmed up, too: V8 compiles during the
       * first five, those jobs last that a run has one of.
       */
      const startWarm = async (processes: number) => {
        await world.startWorkers(processes, Math.floor(cores / processes) + 1);
        for (let run = 0; run < 5 * processes; run++) await ours();
      };
      // Other work on the machine comes and goes: both sides run in turn, and the median of each counts.
      await startWarm(1);
      const rounds: { bare: BareTiming; one: RunTiming }[] = [];
      for (let round = 0; round < 5; round++) rounds.push({ bare: bare(), one: await ours() });
      await world.stopWorkers();
      const one = median(rounds, (round) => round.one.imagesPerSecond);
      const coreMilliseconds = median(rounds, (round) => round.one.coreMilliseconds);
      const session = (value: number) => ({ name: "bare onnxruntime session", value });
      const throughput = session(median(rounds, (round) => round.bare.imagesPerSecond));
      const label = `${name}, ${pictures.length} photographs`;
      rows.push(
        moreIsBetter(
          `${label}: whole run, 1 process`,
          one,
          throughput,
          "images/s",
          `decode, embed, head, align, strengths, report and publish, on ${cores} cores; the session only infers, on the same cores; medians of ${rounds.length} rounds in turn`,
        ),
        moreIsBetter(
          `${label}: EMBED stage, 1 process`,
          median(rounds, (round) => round.one.embeddedPerSecond),
          throughput,
          "images/s",
        ),
        lessIsBetter(
          `${label}: processor time of the worker`,
          coreMilliseconds,
          session(median(rounds, (round) => round.bare.coreMilliseconds)),
          "ms/image",
          "all cores together; other work on the machine disturbs it less than the throughput",
        ),
      );
      for (const processes of [2, 4]) {
        await startWarm(processes);
        const runs: RunTiming[] = [];
        for (let round = 0; round < 3; round++) runs.push(await ours());
        await world.stopWorkers();
        rows.push(
          moreIsBetter(
            `${label}: whole run, ${processes} processes`,
            median(runs, (run) => run.imagesPerSecond),
            throughput,
            "images/s",
            `medians of ${runs.length} runs; 1 process: ${Math.round(one)} images/s`,
          ),
          lessIsBetter(
            `${label}: processor time of ${processes} workers`,
            median(runs, (run) => run.coreMilliseconds),
            { name: "1 process", value: coreMilliseconds },
            "ms/image",
          ),
        );
      }
      if (!pythonPackages()) continue;
      const peer = await runPython(world, file, folder, pictures.length, modelVersionId);
      rows.push(
        moreIsBetter(
          `${label}: whole run, 1 process, against Python`,
          one,
          { name: "PyTorch and PIL", value: peer },
          "images/s",
          "the Python side decodes, embeds and computes logits; it does nothing with them",
        ),
      );
    }
  } finally {
    await world.close();
  }
}

/** The pictures in order of their ids, as the ingested dataset has them. */
function readPhotographs(folder: string): Photograph[] {
  const names = execFileSync("find", [folder, "-name", "*.jpg"], { encoding: "utf8", maxBuffer: 1 << 26 });
  return names
    .trim()
    .split("\n")
    .map((path) => {
      const id = path.slice(folder.length + 1).replace(/\.jpg$/, "");
      return { id, classNumber: classes.indexOf(id.split("/")[1]), bytes: readFileSync(path) };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function preload(pictures: readonly Photograph[], file: string): Promise<void> {
  const size = 3 * 32 * 32;
  const tensors = new Float32Array(pictures.length * size);
  for (const [i, { id, bytes }] of pictures.entries())
    await preprocessImage(id, bytes, preprocessing, tensors, i * size);
  writeFileSync(file, tensors);
}

/** Image and text embeddings are brought, so that a run infers with the ResNet alone, as its peers do. */
async function bringVlm(
  { registration }: PipelineWorld,
  datasetId: string,
  pictures: readonly Photograph[],
): Promise<{ visionLanguageModelId: string; conceptSetId: string }> {
  const vlm = new DirectionalVlm(classes.length, 64);
  const images = matrix(pictures.length, vlm.width);
  for (const [i, { classNumber }] of pictures.entries())
    vlm.embed(classNumber, images.data.subarray(i * vlm.width, (i + 1) * vlm.width));
  const visionLanguageModelId = await registration.vlm({
    embeddingWidth: vlm.width,
    phrases: { phrases: classes, embeddings: vlm.classVectors },
  });
  await registration.bring(datasetId, "IMAGE_EMBEDDING", { visionLanguageModelId }, images);
  return { visionLanguageModelId, conceptSetId: await registration.conceptSet(classes) };
}

/** What `pipeline-bare-session.ts` prints. */
interface BareTiming {
  imagesPerSecond: number;
  coreMilliseconds: number;
}

interface RunTiming {
  /** From the run's creation to its publication. */
  imagesPerSecond: number;
  /** Within its EMBED stage. */
  embeddedPerSecond: number;
  /** Processor time of all workers per image. */
  coreMilliseconds: number;
}

/** A run with nothing cached. */
async function timeRun(
  world: PipelineWorld,
  parts: Parameters<PipelineWorld["registration"]["startRun"]>[0],
  images: number,
): Promise<RunTiming> {
  const { registration } = world;
  const { prisma } = registration.database;
  await prisma.shardResult.deleteMany();
  const before = world.workerSeconds();
  const run = await registration.finished(await registration.startRun(parts), 600_000, 500);
  if (run.status !== "SUCCEEDED") throw new Error(`${run.error}`);
  const spent = world.workerSeconds() - before;
  const embed = await prisma.runProgress.findFirstOrThrow({ where: { runId: run.id, stage: "EMBED" } });
  const seconds = (from: Date | null, to: Date | null) => (Number(to) - Number(from)) / 1000;
  return {
    imagesPerSecond: images / seconds(run.createdAt, run.finishedAt),
    embeddedPerSecond: images / seconds(embed.startedAt, embed.finishedAt),
    coreMilliseconds: (1000 * spent) / images,
  };
}

function median<T>(rounds: readonly T[], value: (round: T) => number): number {
  return rounds.map(value).sort((x, y) => x - y)[rounds.length >> 1];
}

/** Whether Python has what its side needs; says what to install when not. */
function pythonPackages(): boolean {
  const { status } = spawnSync(python, ["-c", "import numpy, onnx, PIL, torch"]);
  if (status !== 0)
    console.warn(
      `skipped: the Python pipeline. ${python} (or $PYTHON) needs: apt-get install python3-torch python3-onnx python3-pil python3-numpy`,
    );
  return status === 0;
}

/** Images a second of the Python pipeline over all pictures. */
async function runPython(
  world: PipelineWorld,
  file: (part: string) => string,
  folder: string,
  images: number,
  modelVersionId: string,
): Promise<number> {
  const [embeddings, logits] = ["python-embeddings", "python-logits"].map((name) => join(world.folder, name));
  const script = join(import.meta.dirname, "python/resnet_pipeline.py");
  const answer = JSON.parse(
    execFileSync(python, [script, file("encoder"), file("head"), folder, embeddings, logits, String(cores)], {
      encoding: "utf8",
    }),
  ) as { imagesPerSecond: number; images: number; versions: Record<string, string> };
  if (answer.images !== images) throw new Error(`Python saw ${answer.images} pictures, not ${images}`);
  await requireSameAnswers(world, readFileSync(logits), modelVersionId);
  Object.assign(versions, answer.versions);
  return answer.imagesPerSecond;
}

/** Both sides must have done the same work: the predicted classes of nearly all test pictures agree. */
async function requireSameAnswers(
  { registration }: PipelineWorld,
  logits: Buffer,
  modelVersionId: string,
): Promise<void> {
  const theirs = new Float32Array(new Uint8Array(logits).buffer);
  const { prisma } = registration.database;
  const run = await prisma.run.findFirstOrThrow({ where: { modelVersionId, status: "SUCCEEDED" } });
  const verdicts = await prisma.verdict.findMany({
    where: { runId: run.id },
    select: { predictedClass: true, input: { select: { position: true } } },
  });
  const same = verdicts.filter(({ predictedClass, input }) => {
    const own = theirs.subarray(input.position * classes.length, (input.position + 1) * classes.length);
    return own.indexOf(Math.max(...own)) === predictedClass;
  });
  // JPEG decoders may differ in a last bit, which tips a picture on the border of two classes.
  if (same.length < 0.995 * verdicts.length)
    throw new Error(`Python and the pipeline agree on ${same.length} of ${verdicts.length} pictures only`);
}
