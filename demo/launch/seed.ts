import {
  type Client,
  CommandError,
  createAttackType,
  createConceptSet,
  createDataset,
  createModel,
  createProject,
  findMembers,
  findRun,
  progressBar,
  registerModelVersion,
  registerVisionLanguageModel,
  retryRun,
  showRun,
  startRun,
  waitForDataset,
  waitForRun,
} from "@faultline/cli";
import { demoPath, type Manifest, readManifest } from "./manifest.ts";

export const projectSlug = "menagerie";

/** Global ids of everything that the demo's runs need. */
export interface World {
  readonly manifest: Manifest;
  readonly modelName: string;
  readonly vlm: string;
  readonly conceptSet: string;
  readonly versions: ReadonlyMap<string, string>;
  /** Dataset ids by attack name; null is the clean one. */
  readonly datasets: ReadonlyMap<string | null, string>;
}

/**
 * Registers Menagerie through the public API: uploads, then one mutation a thing. Every mutation carries an
 * idempotency key, so an interrupted seeding goes on where it stopped and a second start changes nothing.
 */
export async function seed(client: Client, signal: AbortSignal): Promise<World> {
  const manifest = readManifest();
  const projectId = await ensureProject(client, manifest.name);
  const uploads = progressBar("Upload ");
  const steps = 3 + 2 * manifest.model.versions.length + 1 + manifest.attacks.length;
  let step = 0;
  const upload = async (path: string) => {
    signal.throwIfAborted();
    uploads.update(step / steps, path);
    const sha256 = await client.upload(demoPath(path));
    step++;
    uploads.update(step / steps, path);
    return sha256;
  };
  const key = (...parts: string[]) => ["menagerie", ...parts].join("/");

  try {
    const { classes, model, attacks } = manifest;
    // First, because it takes longest: the worker reads the pictures while the networks are registered.
    const clean = await createDataset(client, {
      projectId,
      name: manifest.datasets.clean.name,
      classes,
      archiveSha256: await upload(manifest.datasets.clean.archive),
      idempotencyKey: key("dataset"),
    });
    const vlm = await registerVisionLanguageModel(client, {
      projectId,
      name: manifest.vlm.name,
      imageTowerSha256: await upload(manifest.vlm.imageTower),
      textTowerSha256: await upload(manifest.vlm.textTower),
      tokenizerSha256: await upload(manifest.vlm.tokenizer),
      preprocessing: manifest.vlm.preprocessing,
      idempotencyKey: key("vlm"),
    });
    const conceptSet = await createConceptSet(client, {
      projectId,
      name: manifest.conceptSet.name,
      phrases: manifest.conceptSet.concepts.map((concept) => concept.phrase),
      templates: manifest.conceptSet.templates,
      idempotencyKey: key("concept-set"),
    });
    const classifier = await createModel(client, {
      projectId,
      name: model.name,
      description: model.description,
      idempotencyKey: key("model"),
    });
    const versions = new Map<string, string>();
    for (const version of model.versions) {
      const registered = await registerModelVersion(client, {
        modelId: classifier.id,
        name: version.name,
        description: version.description,
        classes,
        encoderSha256: await upload(version.encoder),
        headSha256: await upload(version.head),
        preprocessing: model.preprocessing,
        idempotencyKey: key("version", version.name),
      });
      versions.set(version.name, registered.id);
    }
    const datasets = new Map<string | null, string>([[null, clean.id]]);
    await waitForDataset(client, clean.id, signal);
    for (const attack of attacks) {
      const attackType = await createAttackType(client, {
        projectId,
        name: attack.name,
        norm: attack.norm,
        epsilon: attack.epsilon,
        steps: attack.steps,
        parameters: { stepSize: attack.stepSize },
        idempotencyKey: key("attack-type", attack.name),
      });
      const attacked = await createDataset(client, {
        projectId,
        name: `${manifest.datasets.clean.name} under ${attack.name}`,
        classes,
        archiveSha256: await upload(attack.archive),
        attackTypeId: attackType.id,
        attackedModelVersionId: versions.get(attack.modelVersion),
        cleanDatasetId: clean.id,
        idempotencyKey: key("dataset", attack.name),
      });
      datasets.set(attack.name, attacked.id);
    }
    for (const id of datasets.values()) await waitForDataset(client, id, signal);
    return { manifest, modelName: model.name, vlm: vlm.id, conceptSet: conceptSet.id, versions, datasets };
  } finally {
    uploads.stop();
  }
}

async function ensureProject(client: Client, name: string): Promise<string> {
  try {
    return (await findMembers(client, projectSlug, {})).project;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return (await createProject(client, { slug: projectSlug, name })).id;
  }
}

/** Starts (or resumes) the runs of the manifest and waits for each with a progress bar; ids in its order. */
export async function analyse(client: Client, world: World, signal: AbortSignal): Promise<string[]> {
  const started: { id: string; title: string }[] = [];
  for (const { modelVersion, attack } of world.manifest.runs) {
    const title = `${modelVersion} ${attack ? `under ${attack}` : "clean"}`;
    const run = await startRun(client, {
      name: title,
      modelVersionId: required(world.versions, modelVersion),
      visionLanguageModelId: world.vlm,
      conceptSetId: world.conceptSet,
      datasetId: required(world.datasets, attack),
      idempotencyKey: `menagerie/run/${modelVersion}/${attack ?? "clean"}`,
    });
    const { status } = await findRun(client, run.id);
    if (status === "FAILED" || status === "CANCELLED") await retryRun(client, run.id);
    started.push({ id: run.id, title });
  }
  const width = Math.max(...started.map(({ title }) => title.length));
  for (const { id, title } of started) {
    const bar = progressBar(title.padEnd(width));
    try {
      await waitForRun(client, id, (run) => showRun(bar, run), signal);
    } finally {
      bar.stop();
    }
  }
  return started.map(({ id }) => id);
}

function required<Key>(map: ReadonlyMap<Key, string>, key: Key): string {
  const value = map.get(key);
  if (value === undefined)
    throw new Error(`demo/menagerie.json names ${String(key)} in a run, but does not describe it`);
  return value;
}
