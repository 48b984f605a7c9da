// A PostgreSQL of its own, with the settings that make it survive a kill, a registered Menagerie on it, and processes
// of workers and the API that a test may kill.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  isConnectionLoss,
  migrate,
  openDatabase,
  startEmbeddedPostgres,
} from "@faultline/db";
import {
  menagerie,
  menagerieArchive,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "../../apps/worker/test/menagerie.ts";
import { type Registration, until } from "../../apps/worker/test/registration.ts";
import { type WorkerFixture, workerFixture } from "../../apps/worker/test/worker-fixture.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A process of ours; with `immortal` it is started again whenever it dies. */
export class Subject {
  kills = 0;
  /** How often it has ended, by a kill or by itself. */
  ends = 0;
  #child: ChildProcess;
  readonly #script: string;
  readonly #environment: Record<string, string>;
  #ended = false;

  constructor(script: string, environment: Record<string, string>, { immortal = false } = {}) {
    this.#script = script;
    this.#environment = environment;
    this.#child = this.#start(immortal);
  }

  #start(immortal: boolean): ChildProcess {
    const child = spawn(
      process.execPath,
      ["--conditions=faultline-source", "--import", "tsx", this.#script],
      { cwd: root, env: { ...process.env, ...this.#environment }, stdio: "ignore" },
    );
    child.on("exit", () => {
      this.ends++;
      if (immortal && !this.#ended) this.#child = this.#start(immortal);
    });
    return child;
  }

  kill(): void {
    if (this.#child.kill("SIGKILL")) this.kills++;
  }

  async end(): Promise<void> {
    this.#ended = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

/** Tries again while the database is away. */
export function again<T>(work: () => Promise<T>, timeout?: number): Promise<T> {
  return until(async () => {
    try {
      return { result: await work() };
    } catch (error) {
      if (isConnectionLoss(error)) return undefined;
      throw error;
    }
  }, timeout).then(({ result }) => result);
}

export class FaultyWorld {
  readonly #options: EmbeddedPostgresOptions;
  #server: EmbeddedPostgres;
  readonly #fixture: WorkerFixture;
  readonly #parts: Parameters<Registration["startRun"]>[0];
  readonly #port: number;
  readonly #subjects: Subject[] = [];

  private constructor(
    options: EmbeddedPostgresOptions,
    server: EmbeddedPostgres,
    fixture: WorkerFixture,
    parts: Parameters<Registration["startRun"]>[0],
    port: number,
  ) {
    this.#options = options;
    this.#server = server;
    this.#fixture = fixture;
    this.#parts = parts;
    this.#port = port;
  }

  static async open(): Promise<FaultyWorld> {
    const options = {
      dataDirectory: await mkdtemp(path.join(tmpdir(), "faultline-faults-")),
      settings: { fsync: "on", full_page_writes: "on", synchronous_commit: "on", shared_buffers: "64MB" },
    };
    const server = await startEmbeddedPostgres(options);
    await migrate(server.url);
    // One worker of this process reads the dataset; then only processes that can be killed work.
    const fixture = await workerFixture(1, { ...openDatabase(server.url), url: server.url });
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 16, calibration: 20, test: 15 });
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    const parts = {
      modelVersionId: await registerMenagerieVersion(registration, "v1.1"),
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
      datasetId: dataset.id,
    };
    await fixture.stopWorker();
    return new FaultyWorld(options, server, fixture, parts, await freePort());
  }

  get registration(): Registration {
    return this.#fixture.registration;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Two workers and an API. */
  start(options?: { immortal: boolean }): Subject[] {
    const environment = {
      DATABASE_URL: this.#server.url,
      FAULTLINE_ARTIFACTS: this.#fixture.folder,
      FAULTLINE_DATA: this.#options.dataDirectory,
      FAULTLINE_WORKER_CONCURRENCY: "2",
      FAULTLINE_LOCAL_USER: "1",
      PORT: String(this.#port),
    };
    for (const name of ["worker", "worker", "api"])
      this.#subjects.push(new Subject(`apps/${name}/src/main.ts`, environment, options));
    return this.#subjects;
  }

  /** Sends a signal to the server, which is started again when it has ended; false when it is not there just now. */
  async strikeDatabase(signal: NodeJS.Signals): Promise<boolean> {
    const file = path.join(this.#options.dataDirectory, "cluster/postmaster.pid");
    const pid = Number((await readFile(file, "utf8").catch(() => "")).split("\n")[0]);
    try {
      return pid > 0 && process.kill(pid, signal);
    } catch {
      return false;
    }
  }

  /** Stops the server until the function that is returned is called. */
  async stopDatabase(): Promise<() => Promise<void>> {
    const { port } = this.#server;
    await this.#server.stop();
    return async () => {
      this.#server = await startEmbeddedPostgres({ ...this.#options, port });
    };
  }

  /** Asks the API until it answers without an unexpected error: it, or the database, may be away just now. */
  ask<T>(query: string, variables: object): Promise<T> {
    return until(() => this.askOnce<T>(query, variables), 120_000);
  }

  /** Undefined when there was no good answer. */
  async askOnce<T>(query: string, variables: object): Promise<T | undefined> {
    try {
      const response = await fetch(`${this.apiUrl}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-faultline-csrf": "1", accept: "application/json" },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(5_000),
      });
      const answer = (await response.json()) as { data?: T; errors?: unknown };
      return answer.errors ? undefined : answer.data;
    } catch {
      return undefined;
    }
  }

  /** Starts a run through the API with nothing cached, and returns its id in the database. */
  async startRun(key: string): Promise<string> {
    await again(() => this.registration.database.prisma.shardResult.deleteMany());
    const { startRun } = await this.ask<{
      startRun: { __typename: string; id?: string; message?: string };
    }>(
      `mutation ($input: StartRunInput!) {
         startRun(input: $input) { __typename ... on Run { id } ... on Error { message } }
       }`,
      {
        input: {
          modelVersionId: globalId("ModelVersion", this.#parts.modelVersionId),
          visionLanguageModelId: globalId("VisionLanguageModel", this.#parts.visionLanguageModelId),
          conceptSetId: globalId("ConceptSet", this.#parts.conceptSetId),
          datasetId: globalId("Dataset", this.#parts.datasetId),
          configuration: { shardSize: 32, bootstrapReplicates: 100 },
          // The API may die after it wrote the run and before it answered: the same key gives the same run.
          idempotencyKey: key,
        },
      },
    );
    if (!startRun.id) throw new Error(`${startRun.__typename}: ${startRun.message}`);
    return localId(startRun.id);
  }

  /** Saves a view through the API; its id in the database, or undefined when it was not acknowledged. */
  async saveView(name: string): Promise<string | undefined> {
    const answer = await this.askOnce<{ saveView: { id?: string } }>(
      "mutation ($input: SaveViewInput!) { saveView(input: $input) { ... on SavedView { id } } }",
      {
        input: { projectId: globalId("Project", this.registration.projectId), name, query: "verdict=DEFECT" },
      },
    );
    return answer?.saveView.id && localId(answer.saveView.id);
  }

  /** Status, stage and so on of a run; asks again while the database is away. */
  run(id: string) {
    return again(() => this.registration.database.prisma.run.findUniqueOrThrow({ where: { id } }));
  }

  /** The run when it has ended. */
  async finished(id: string) {
    await until(async () => {
      const { status } = await this.run(id);
      return (status !== "QUEUED" && status !== "RUNNING") || undefined;
    }, 300_000);
    return again(() => this.registration.finished(id));
  }

  async close(): Promise<void> {
    await Promise.all(this.#subjects.map((subject) => subject.end()));
    await this.#fixture.close();
    await this.#server.stop();
    await rm(this.#options.dataDirectory, { recursive: true, force: true });
  }
}

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString("base64");
const localId = (id: string) => Buffer.from(id, "base64").toString().split(":")[1];

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}
