// Databases, artifact stores and worker processes for the pipeline bench.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Matrix, matrix, random } from "@faultline/core";
import { FolderArtifactStore, migrate, openDatabase, startEmbeddedPostgres } from "@faultline/db";
import { Registration } from "../apps/worker/test/registration.ts";

const repository = join(import.meta.dirname, "..");

/** An embedded PostgreSQL and an artifact folder of their own, and worker processes on them. */
export class PipelineWorld {
  readonly registration: Registration;
  readonly folder: string;
  readonly #environment: Record<string, string>;
  readonly #end: () => Promise<void>;
  #workers: ChildProcess[] = [];

  private constructor(
    registration: Registration,
    folder: string,
    environment: Record<string, string>,
    end: () => Promise<void>,
  ) {
    this.registration = registration;
    this.folder = folder;
    this.#environment = environment;
    this.#end = end;
  }

  static async open(): Promise<PipelineWorld> {
    const folder = mkdtempSync(join(tmpdir(), "faultline-bench-"));
    const artifacts = join(folder, "artifacts");
    const postgres = mkdtempSync(join(tmpdir(), "faultline-bench-postgres-"));
    const server = await startEmbeddedPostgres({ dataDirectory: postgres });
    await migrate(server.url);
    const database = openDatabase(server.url);
    const store = await FolderArtifactStore.open(artifacts);
    const environment = {
      DATABASE_URL: server.url,
      FAULTLINE_ARTIFACTS: artifacts,
      FAULTLINE_LOG_LEVEL: "warn",
    };
    return new PipelineWorld(await Registration.open(database, store), folder, environment, async () => {
      await database.close();
      await server.stop();
      for (const made of [folder, postgres]) rmSync(made, { recursive: true, force: true });
    });
  }

  /** Starts worker processes and waits until they are ready. */
  async startWorkers(count: number, concurrency: number): Promise<void> {
    const source = ["--conditions=faultline-source", "--import", "tsx"];
    this.#workers = Array.from({ length: count }, () =>
      spawn(process.execPath, [...source, "apps/worker/src/main.ts"], {
        cwd: repository,
        env: { ...process.env, ...this.#environment, FAULTLINE_WORKER_CONCURRENCY: String(concurrency) },
        stdio: ["ignore", "inherit", "inherit"],
      }),
    );
    const { pool } = this.registration.database;
    for (;;) {
      const { rows } = await pool.query<{ count: number }>(
        "SELECT count(*)::int FROM worker_process WHERE queue_worker_ids <> '{}'",
      );
      if (rows[0].count === count) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Processor seconds that the running workers and their networks' processes have used, all threads (Linux). */
  workerSeconds(): number {
    return this.#workers.reduce((sum, { pid }) => sum + processorSeconds(`${pid}`), 0);
  }

  /** The largest resident memory that one of the running workers ever had, in MiB (Linux). */
  peakMemory(): number {
    const peaks = this.#workers.map(({ pid }) => {
      const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      return Number(kibibytes) / 1024;
    });
    return Math.max(...peaks);
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(
      this.#workers.splice(0).map(async (worker) => {
        const exited = once(worker, "exit");
        worker.kill("SIGTERM");
        await exited;
      }),
    );
  }

  async close(): Promise<void> {
    if (this.#workers.length > 0) await this.stopWorkers();
    await this.#end();
  }
}

/** Of a process and its children, those that have ended included. */
function processorSeconds(pid: string): number {
  const ticksPerSecond = 100;
  // After the name in brackets: state, then numbers; user and system time are the 12th and 13th of all, then those of
  // the children that have ended.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" "),
  );
  return children.filter(Boolean).reduce((sum, child) => sum + processorSeconds(child), own);
}

/**
 * A made-up VLM for pictures whose classes are known: a class is a direction, a picture its class's direction
 * with noise. It stands in where only the classifier's speed is measured.
 */
export class DirectionalVlm {
  readonly width: number;
  readonly classVectors: Matrix;
  readonly #uniform = random(7);

  constructor(classes: number, width: number) {
    this.width = width;
    this.classVectors = matrix(
      classes,
      width,
      Float32Array.from({ length: classes * width }, () => this.#uniform() - 0.5),
    );
  }

  /** Fills `target` (width values) with an image embedding of a class. */
  embed(classNumber: number, target: Float32Array): void {
    const own = this.classVectors.data.subarray(classNumber * this.width, (classNumber + 1) * this.width);
    for (let j = 0; j < this.width; j++) target[j] = own[j] + (this.#uniform() - 0.5) / 2;
  }
}
