// Workers and the API are killed (SIGKILL) at random moments; every run must end as if nothing had happened.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { random } from "@faultline/core";
import { RunStage } from "@faultline/db";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  menagerie,
  menagerieArchive,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "../../apps/worker/test/menagerie.ts";
import { until } from "../../apps/worker/test/registration.ts";
import { type WorkerFixture, workerFixture } from "../../apps/worker/test/worker-fixture.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = 20;
const seed = 20261124;
const stagesInOrder = Object.values(RunStage);

/** A process that is started again whenever it dies. */
class Immortal {
  kills = 0;
  #child: ChildProcess;
  readonly #script: string;
  readonly #environment: Record<string, string>;
  #ended = false;

  constructor(script: string, environment: Record<string, string>) {
    this.#script = script;
    this.#environment = environment;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const child = spawn(
      process.execPath,
      ["--conditions=faultline-source", "--import", "tsx", this.#script],
      { cwd: root, env: { ...process.env, ...this.#environment }, stdio: "ignore" },
    );
    child.on("exit", () => {
      if (!this.#ended) this.#child = this.#start();
    });
    return child;
  }

  kill(): void {
    if (this.#child.kill("SIGKILL")) this.kills++;
  }

  async end(): Promise<void> {
    this.#ended = true;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("killed at random moments", () => {
  let fixture: WorkerFixture;
  let processes: Immortal[] = [];
  let apiUrl: string;
  let parts: {
    modelVersionId: string;
    visionLanguageModelId: string;
    conceptSetId: string;
    datasetId: string;
  };

  beforeAll(async () => {
    // One worker of this process reads the dataset; then only processes that can be killed work.
    const reader = await workerFixture(1);
    fixture = reader;
    const { registration } = reader;
    const archive = menagerieArchive({ alignment: 16, calibration: 20, test: 15 });
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    parts = {
      modelVersionId: await registerMenagerieVersion(registration, "v1.1"),
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
      datasetId: dataset.id,
    };
    await reader.stopWorker();
    const port = await freePort();
    apiUrl = `http://127.0.0.1:${port}`;
    const environment = {
      DATABASE_URL: fixture.databaseUrl,
      FAULTLINE_ARTIFACTS: fixture.folder,
      FAULTLINE_WORKER_CONCURRENCY: "2",
      FAULTLINE_LOCAL_USER: "1",
      PORT: String(port),
    };
    processes = [
      new Immortal("apps/worker/src/main.ts", environment),
      new Immortal("apps/worker/src/main.ts", environment),
      new Immortal("apps/api/src/main.ts", environment),
    ];
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.end()));
    await fixture.close();
  });

  /** Asks the API until it answers: it may be dead just now. */
  function ask<T>(query: string, variables: object): Promise<T> {
    return until(async () => {
      const answer = await fetch(`${apiUrl}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-faultline-csrf": "1", accept: "application/json" },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(5_000),
      })
        .then((response) => response.json() as Promise<{ data?: T; errors?: unknown }>)
        .catch(() => undefined);
      if (answer?.errors) throw new Error(JSON.stringify(answer.errors));
      return answer?.data ?? undefined;
    });
  }

  const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString("base64");

  /** Starts a run through the API with nothing cached, and returns its id in the database. */
  async function startRun(key: string): Promise<string> {
    await fixture.registration.database.prisma.shardResult.deleteMany();
    const { startRun } = await ask<{ startRun: { __typename: string; id?: string; message?: string } }>(
      `mutation ($input: StartRunInput!) {
         startRun(input: $input) { __typename ... on Run { id } ... on Error { message } }
       }`,
      {
        input: {
          modelVersionId: globalId("ModelVersion", parts.modelVersionId),
          visionLanguageModelId: globalId("VisionLanguageModel", parts.visionLanguageModelId),
          conceptSetId: globalId("ConceptSet", parts.conceptSetId),
          datasetId: globalId("Dataset", parts.datasetId),
          configuration: { shardSize: 32, bootstrapReplicates: 100 },
          // The API may die after it wrote the run and before it answered: the same key gives the same run.
          idempotencyKey: key,
        },
      },
    );
    if (!startRun.id) throw new Error(`${startRun.__typename}: ${startRun.message}`);
    return Buffer.from(startRun.id, "base64").toString().split(":")[1];
  }

  it(`ends each of ${runs} runs with the undisturbed result`, { timeout: 300_000 }, async () => {
    const { registration } = fixture;
    const { prisma, pool } = registration.database;
    const began = Date.now();
    const undisturbed = await registration.finished(await startRun("undisturbed"));
    expect(undisturbed.error).toBeNull();
    const wanted = undisturbed.report?.resultSha256;
    // The processes have just started: once they are warm a run takes a fraction of the first one's time, and a kill
    // that is planned for later than its end never comes.
    const warm = await registration.finished(await startRun("undisturbed, too"));
    expect(warm.report?.resultSha256).toBe(wanted);
    const duration = Number(warm.finishedAt) - Number(warm.startedAt);
    const inputs = await prisma.verdict.findMany({
      where: { runId: undisturbed.id },
      orderBy: { inputId: "asc" },
      select: { inputId: true, score: true, fault: true },
    });
    const uniform = random(seed);
    const stages = new Set<string>();
    for (let i = 0; i < runs; i++) {
      const runId = await startRun(`run ${i}`);
      const strike = async (victim: Immortal) => {
        const { stage } = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
        stages.add(stage ?? "QUEUED");
        victim.kill();
      };
      const victim = () => processes[Math.floor(uniform() * processes.length)];
      // One at any time of a run; one while a stage of it is worked on, since the late stages of a run that is held up
      // lie beyond the time that another took.
      const timer = setTimeout(strike, uniform() * duration * 1.2, victim());
      const [aimed, aim, delay] = [victim(), i % stagesInOrder.length, uniform() * 60];
      await until(
        async () => {
          const { stage, status } = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
          const over = status !== "QUEUED" && status !== "RUNNING";
          return over || (stage !== null && stagesInOrder.indexOf(stage) >= aim) || undefined;
        },
        120_000,
        5,
      );
      await new Promise((resolve) => setTimeout(resolve, delay));
      await strike(aimed);
      const run = await registration.finished(runId);
      clearTimeout(timer);
      expect(run).toMatchObject({ status: "SUCCEEDED", error: null, attempt: 1 });
      expect(run.report?.resultSha256).toBe(wanted);
      const verdicts = await prisma.verdict.findMany({
        where: { runId },
        orderBy: { inputId: "asc" },
        select: { inputId: true, score: true, fault: true },
      });
      expect(verdicts).toEqual(inputs);
    }
    const { rows: partitions } = await pool.query(
      "SELECT FROM pg_tables WHERE schemaname = 'verdict_partition'",
    );
    expect(partitions).toHaveLength(runs + 2);
    const kills = processes.map(({ kills: own }) => own);
    console.info(
      `${kills[0]} + ${kills[1]} workers and ${kills[2]} APIs killed, in the stages ${[...stages].sort().join(", ")}; ` +
        `an undisturbed run took ${duration} ms, all ${Math.round((Date.now() - began) / 1000)} s`,
    );
    expect(kills.reduce((a, b) => a + b)).toBeGreaterThan(runs);
    expect([...stages]).toEqual(expect.arrayContaining(["EMBED", "REPORT"]));
  });
});
