import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Command } from "commander";
import type { Client } from "../client.ts";
import { clientOf, print, projectOf } from "../context.ts";
import { CommandError } from "../errors.ts";
import { progressBar } from "../progress-bar.ts";
import {
  addEmbeddingSet,
  addPhraseEmbeddings,
  createAttackType,
  createConceptSet,
  createDataset,
  createModel,
  findMembers,
  registerModelVersion,
  registerVisionLanguageModel,
  waitForDataset,
} from "../registry.ts";

async function uploadIfGiven(client: Client, path: string | undefined): Promise<string | undefined> {
  if (!path) return undefined;
  const bar = progressBar(`upload ${basename(path)}`);
  try {
    return await client.upload(path, (sent, total) => bar.update(sent / total, `${sent} of ${total} bytes`));
  } finally {
    bar.stop();
  }
}

async function readJson(path: string | undefined, option: string): Promise<unknown> {
  if (!path) return undefined;
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new CommandError(`${option}: ${path} is not a readable JSON file`, { cause });
  }
}

/** The non-empty lines of a text file, trimmed. */
async function readLines(path: string, option: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new CommandError(`${option}: cannot read ${path}`, { cause });
  });
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.length > 0);
}

/** "a,b,c" or "@file" with one name a line. */
async function readNames(value: string, option: string): Promise<string[]> {
  return value.startsWith("@")
    ? readLines(value.slice(1), option)
    : value.split(",").map((name) => name.trim());
}

interface ModelVersionOptions {
  model: string;
  version: string;
  classes: string;
  description?: string;
  encoder?: string;
  head?: string;
  graph?: string;
  penultimateTensor?: string;
  embeddingWidth?: string;
  preprocessing?: string;
  gitCommit?: string;
  trainingDataTag?: string;
  metadata?: string;
}

function addModelVersion(register: Command): void {
  register
    .command("model-version")
    .description("an encoder and a head (or one graph to split, or neither: bring your own embeddings)")
    .requiredOption("--model <name>", "the model's name; made when it does not exist")
    .requiredOption("--version <name>", "the version's name, e.g. v1.3")
    .requiredOption("--classes <names>", "comma-separated, in order of the logits, or @FILE with one a line")
    .option("--description <text>")
    .option("--encoder <onnx>", "image -> embedding")
    .option("--head <onnx>", "embedding -> logits")
    .option("--graph <onnx>", "one graph image -> logits, instead of encoder and head")
    .option("--penultimate-tensor <name>", "where to split --graph")
    .option("--embedding-width <d>", "for embeddings of your own")
    .option(
      "--preprocessing <json>",
      "file with width, height, resize, interpolation, mean, standardDeviation",
    )
    .option("--git-commit <hash>")
    .option("--training-data-tag <tag>")
    .option("--metadata <json>", "file with anything else worth keeping")
    .action(async (options: ModelVersionOptions, command: Command) => {
      const client = clientOf(command);
      const slug = projectOf(command);
      const modelId = await findMembers(client, slug, { model: options.model }).then(
        (ids) => ids.model,
        async () => {
          const { project } = await findMembers(client, slug, {});
          return (await createModel(client, { projectId: project, name: options.model })).id;
        },
      );
      const version = await registerModelVersion(client, {
        modelId,
        name: options.version,
        description: options.description,
        classes: await readNames(options.classes, "--classes"),
        encoderSha256: await uploadIfGiven(client, options.encoder),
        headSha256: await uploadIfGiven(client, options.head),
        graphSha256: await uploadIfGiven(client, options.graph),
        penultimateTensor: options.penultimateTensor,
        embeddingWidth: options.embeddingWidth ? Number(options.embeddingWidth) : undefined,
        preprocessing: await readJson(options.preprocessing, "--preprocessing"),
        gitCommit: options.gitCommit,
        trainingDataTag: options.trainingDataTag,
        metadata: await readJson(options.metadata, "--metadata"),
      });
      print(command, version, `model version ${options.model} ${version.name} (${version.id})`);
    });
}

interface VlmOptions {
  name: string;
  imageTower?: string;
  textTower?: string;
  tokenizer?: string;
  preprocessing?: string;
  embeddingWidth?: string;
  phrases?: string;
  phraseEmbeddings?: string;
}

function addVisionLanguageModel(register: Command): void {
  register
    .command("vlm")
    .description("a vision-language model: two ONNX towers, or text embeddings of your own")
    .requiredOption("--name <name>")
    .option("--image-tower <onnx>")
    .option("--text-tower <onnx>")
    .option("--tokenizer <json>")
    .option("--preprocessing <json>")
    .option("--embedding-width <m>", "for embeddings of your own")
    .option("--phrases <names>", "phrases of your own text embeddings, comma-separated or @FILE")
    .option("--phrase-embeddings <file>", ".npy, .npz or safetensors: phrases x m")
    .action(async (options: VlmOptions, command: Command) => {
      const client = clientOf(command);
      const { project } = await findMembers(client, projectOf(command), {});
      const vlm = await registerVisionLanguageModel(client, {
        projectId: project,
        name: options.name,
        imageTowerSha256: await uploadIfGiven(client, options.imageTower),
        textTowerSha256: await uploadIfGiven(client, options.textTower),
        tokenizerSha256: await uploadIfGiven(client, options.tokenizer),
        preprocessing: await readJson(options.preprocessing, "--preprocessing"),
        embeddingWidth: options.embeddingWidth ? Number(options.embeddingWidth) : undefined,
      });
      if (options.phrases || options.phraseEmbeddings) {
        if (!options.phrases || !options.phraseEmbeddings)
          throw new CommandError("--phrases and --phrase-embeddings go together");
        const sha256 = await client.upload(options.phraseEmbeddings);
        const phrases = await readNames(options.phrases, "--phrases");
        await addPhraseEmbeddings(client, { visionLanguageModelId: vlm.id, phrases, sha256 });
      }
      print(command, vlm, `vision-language model ${vlm.name} (${vlm.id})`);
    });
}

function addConceptSet(register: Command): void {
  register
    .command("concept-set")
    .description("a new version of a list of concept phrases")
    .requiredOption("--name <name>")
    .requiredOption("--phrases <names>", "comma-separated, or @FILE with one a line")
    .option("--template <template...>", 'prompt templates with one {}, e.g. "a photo of {}"')
    .action(async (options: { name: string; phrases: string; template?: string[] }, command: Command) => {
      const client = clientOf(command);
      const { project } = await findMembers(client, projectOf(command), {});
      const phrases = await readNames(options.phrases, "--phrases");
      const set = await createConceptSet(client, {
        projectId: project,
        name: options.name,
        phrases,
        templates: options.template,
      });
      print(command, set, `concept set ${set.name}@${set.version} (${set.id})`);
    });
}

interface AttackTypeOptions {
  name: string;
  norm: string;
  epsilon: string;
  steps?: string;
  parameters?: string;
}

function addAttackType(register: Command): void {
  register
    .command("attack-type")
    .requiredOption("--name <name>", "e.g. PGD")
    .requiredOption("--norm <norm>", "e.g. L-inf")
    .requiredOption("--epsilon <number>", "radius in units of pixels scaled to [0, 1]")
    .option("--steps <number>")
    .option("--parameters <json>", "file with anything else")
    .action(async (options: AttackTypeOptions, command: Command) => {
      const client = clientOf(command);
      const { project } = await findMembers(client, projectOf(command), {});
      const attackType = await createAttackType(client, {
        projectId: project,
        name: options.name,
        norm: options.norm,
        epsilon: Number(options.epsilon),
        steps: options.steps ? Number(options.steps) : undefined,
        parameters: await readJson(options.parameters, "--parameters"),
      });
      print(command, attackType, `attack type ${attackType.name} (${attackType.id})`);
    });
}

interface DatasetOptions {
  name: string;
  classes: string;
  archive?: string;
  manifest?: string;
  attackType?: string;
  attackedModel?: string;
  attackedVersion?: string;
  clean?: string;
}

function addDataset(register: Command): void {
  register
    .command("dataset")
    .description("an ImageFolder archive (split/class/file), or a JSON-lines manifest of ids")
    .requiredOption("--name <name>")
    .requiredOption("--classes <names>", "comma-separated, or @FILE with one a line")
    .option("--archive <file>", ".tar, .tar.gz or .zip")
    .option("--manifest <file>", "JSON lines of {id, split, label, cleanId}")
    .option("--attack-type <name>", "this is an attacked dataset")
    .option("--attacked-model <name>", "the model that was attacked")
    .option("--attacked-version <name>", "and its version")
    .option("--clean <dataset>", "the dataset that the attacked inputs came from")
    .action(async (options: DatasetOptions, command: Command) => {
      const client = clientOf(command);
      const clean = options.clean
        ? (await findMembers(client, projectOf(command), { dataset: options.clean })).dataset
        : undefined;
      const ids: { project: string; attackType?: string; version?: string } = await findMembers(
        client,
        projectOf(command),
        { attackType: options.attackType, model: options.attackedModel, version: options.attackedVersion },
      );
      const dataset = await createDataset(client, {
        projectId: ids.project,
        name: options.name,
        classes: await readNames(options.classes, "--classes"),
        archiveSha256: await uploadIfGiven(client, options.archive),
        manifestSha256: await uploadIfGiven(client, options.manifest),
        attackTypeId: ids.attackType,
        attackedModelVersionId: ids.version,
        cleanDatasetId: clean,
      });
      const ready = await waitForDataset(client, dataset.id);
      print(
        command,
        { ...dataset, ...ready },
        `dataset ${ready.name}: ${ready.inputCount} inputs (${dataset.id})`,
      );
    });
}

const embeddingKinds = {
  embedding: "EMBEDDING",
  logits: "LOGITS",
  "image-embedding": "IMAGE_EMBEDDING",
} as const;

interface EmbeddingsOptions {
  dataset: string;
  kind: string;
  file: string;
  arrayName?: string;
  model?: string;
  version?: string;
  vlm?: string;
}

function addEmbeddings(register: Command): void {
  register
    .command("embeddings")
    .description("embeddings, logits or VLM image embeddings computed elsewhere, one row an input")
    .requiredOption("--dataset <name>")
    .requiredOption("--kind <kind>", Object.keys(embeddingKinds).join(" | "))
    .requiredOption("--file <file>", ".npy, .npz or safetensors")
    .option("--array-name <name>", "which array of an .npz or safetensors file")
    .option("--model <name>", "for embedding and logits")
    .option("--version <name>", "for embedding and logits")
    .option("--vlm <name>", "for image-embedding")
    .action(async (options: EmbeddingsOptions, command: Command) => {
      const client = clientOf(command);
      const kind = embeddingKinds[options.kind as keyof typeof embeddingKinds];
      if (!kind) throw new CommandError(`--kind must be one of ${Object.keys(embeddingKinds).join(", ")}`);
      const ids: { dataset?: string; version?: string; vlm?: string } = await findMembers(
        client,
        projectOf(command),
        {
          dataset: options.dataset,
          model: options.model,
          version: options.version,
          vlm: options.vlm,
        },
      );
      const set = await addEmbeddingSet(client, {
        datasetId: ids.dataset!,
        kind,
        modelVersionId: ids.version,
        visionLanguageModelId: ids.vlm,
        sha256: (await uploadIfGiven(client, options.file))!,
        arrayName: options.arrayName,
      });
      print(command, set, `${options.kind}: ${set.rows} x ${set.columns} (${set.id})`);
    });
}

export function addRegisterCommand(program: Command): void {
  const register = program
    .command("register")
    .description("models, datasets and concepts; uploads what they name");
  addModelVersion(register);
  addVisionLanguageModel(register);
  addConceptSet(register);
  addAttackType(register);
  addDataset(register);
  addEmbeddings(register);
}
