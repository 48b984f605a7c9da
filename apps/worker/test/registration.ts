// Registers what a run needs straight in the database, as the API would, and waits for jobs.
import { readFile } from "node:fs/promises";
import type { Matrix } from "@faultline/core";
import type { ArtifactStore, Database, EmbeddingKind } from "@faultline/db";
import { encodeNpy } from "@faultline/inference";
import { type RunConfiguration, runConfigurationSchema } from "@faultline/run";

/** A project in a database and artifact store. */
export class Registration {
  readonly database: Database;
  readonly store: ArtifactStore;
  readonly projectId: string;
  #names = 0;

  private constructor(database: Database, store: ArtifactStore, projectId: string) {
    this.database = database;
    this.store = store;
    this.projectId = projectId;
  }

  static async open(database: Database, store: ArtifactStore, slug = "test"): Promise<Registration> {
    const { id } = await database.prisma.project.create({ data: { slug, name: slug } });
    return new Registration(database, store, id);
  }

  #name(kind: string): string {
    return `${kind} ${++this.#names}`;
  }

  async upload(content: Uint8Array | string): Promise<string> {
    const bytes = typeof content === "string" ? await readFile(content) : content;
    const stored = await this.store.put(bytes);
    const { prisma } = this.database;
    await prisma.artifact.upsert({
      where: { sha256: stored.sha256 },
      create: { sha256: stored.sha256, bytes: stored.bytes },
      update: {},
    });
    const owned = { projectId: this.projectId, sha256: stored.sha256 };
    await prisma.projectArtifact.upsert({
      where: { projectId_sha256: owned },
      create: owned,
      update: {},
    });
    return stored.sha256;
  }

  async modelVersion(data: {
    classes: string[];
    embeddingWidth: number;
    encoder?: string;
    head?: string;
    preprocessing?: object;
  }): Promise<string> {
    const { prisma } = this.database;
    const model = await prisma.model.create({
      data: { projectId: this.projectId, name: this.#name("model") },
    });
    const version = await prisma.modelVersion.create({
      data: {
        modelId: model.id,
        name: "v1",
        classes: data.classes,
        embeddingWidth: data.embeddingWidth,
        encoderSha256: data.encoder && (await this.upload(data.encoder)),
        headSha256: data.head && (await this.upload(data.head)),
        preprocessing: data.preprocessing,
      },
    });
    return version.id;
  }

  async vlm(data: {
    embeddingWidth: number;
    imageTower?: string;
    textTower?: string;
    tokenizer?: string;
    preprocessing?: object;
    phrases?: { phrases: string[]; embeddings: Matrix };
  }): Promise<string> {
    const vlm = await this.database.prisma.visionLanguageModel.create({
      data: {
        projectId: this.projectId,
        name: this.#name("vlm"),
        embeddingWidth: data.embeddingWidth,
        imageTowerSha256: data.imageTower && (await this.upload(data.imageTower)),
        textTowerSha256: data.textTower && (await this.upload(data.textTower)),
        tokenizerSha256: data.tokenizer && (await this.upload(data.tokenizer)),
        preprocessing: data.preprocessing,
        ...(data.phrases && {
          phraseEmbeddings: {
            create: {
              phrases: data.phrases.phrases,
              artifactSha256: await this.upload(encodeNpy(data.phrases.embeddings)),
            },
          },
        }),
      },
    });
    return vlm.id;
  }

  async conceptSet(phrases: string[], templates = ["a photo of {}"]): Promise<string> {
    const set = await this.database.prisma.conceptSet.create({
      data: {
        projectId: this.projectId,
        name: this.#name("concepts"),
        version: 1,
        templates,
        concepts: { create: phrases.map((phrase, position) => ({ phrase, position })) },
      },
    });
    return set.id;
  }

  /** Creates a dataset and enqueues its ingestion; settles when it is READY or FAILED. */
  async dataset(data: {
    classes: string[];
    archive?: string | Uint8Array;
    manifest?: object[] | string;
    cleanDatasetId?: string;
    attackedModelVersionId?: string;
  }): Promise<{ id: string; status: string; error: string | null; inputCount: number }> {
    const { prisma, pool } = this.database;
    const archiveSha256 = data.archive ? await this.upload(data.archive) : null;
    const lines =
      typeof data.manifest === "string"
        ? data.manifest
        : data.manifest?.map((line) => JSON.stringify(line)).join("\n");
    const manifestSha256 = lines === undefined ? null : await this.upload(Buffer.from(lines));
    const attackType = data.cleanDatasetId
      ? await prisma.attackType.create({
          data: { projectId: this.projectId, name: this.#name("attack"), norm: "L-inf", epsilon: 8 / 255 },
        })
      : undefined;
    const { id } = await prisma.dataset.create({
      data: {
        projectId: this.projectId,
        name: this.#name("dataset"),
        classes: data.classes,
        archiveSha256,
        cleanDatasetId: data.cleanDatasetId,
        attackedModelVersionId: data.attackedModelVersionId,
        attackTypeId: attackType?.id,
      },
    });
    await pool.query("SELECT graphile_worker.add_job('ingest-dataset', $1::json, max_attempts => 6)", [
      JSON.stringify({ datasetId: id, archiveSha256, manifestSha256 }),
    ]);
    return until(async () => {
      const dataset = await prisma.dataset.findUniqueOrThrow({ where: { id } });
      return dataset.status === "INGESTING" ? undefined : dataset;
    });
  }

  async bring(
    datasetId: string,
    kind: EmbeddingKind,
    owner: { modelVersionId: string } | { visionLanguageModelId: string },
    values: Matrix,
  ): Promise<void> {
    await this.database.prisma.embeddingSet.create({
      data: {
        datasetId,
        kind,
        ...owner,
        artifactSha256: await this.upload(encodeNpy(values)),
        rows: values.rows,
        columns: values.columns,
      },
    });
  }

  /** Creates a run and its first job in one transaction, as the API does. */
  async startRun(data: {
    modelVersionId: string;
    visionLanguageModelId: string;
    conceptSetId: string;
    datasetId: string;
    configuration?: Partial<RunConfiguration>;
  }): Promise<string> {
    const configuration = runConfigurationSchema.parse(data.configuration ?? {});
    return this.database.prisma.$transaction(async (transaction) => {
      const { id } = await transaction.run.create({
        data: {
          projectId: this.projectId,
          name: this.#name("run"),
          modelVersionId: data.modelVersionId,
          visionLanguageModelId: data.visionLanguageModelId,
          conceptSetId: data.conceptSetId,
          datasetId: data.datasetId,
          configuration,
          seed: configuration.seed,
        },
      });
      await transaction.$executeRaw`SELECT graphile_worker.add_job('plan-run', ${JSON.stringify({ runId: id, attempt: 1 })}::json)`;
      return id;
    });
  }

  /** The run when it has ended. */
  async finished(runId: string, timeout?: number, interval?: number) {
    // A bare statement: whole rows twenty times a second would take time from the worker that is measured.
    await until(
      async () => {
        const { rowCount } = await this.database.pool.query(
          "SELECT FROM run WHERE id = $1 AND status NOT IN ('QUEUED', 'RUNNING')",
          [runId],
        );
        return rowCount === 1 || undefined;
      },
      timeout,
      interval,
    );
    return this.database.prisma.run.findUniqueOrThrow({ where: { id: runId }, include: { report: true } });
  }
}

/** Polls until something is there. */
export async function until<T>(
  probe: () => Promise<T | undefined>,
  timeout = 60_000,
  interval = 50,
): Promise<T> {
  for (const deadline = Date.now() + timeout; ; ) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`nothing happened within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
