import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { releaseJobsOfDeadWorkers } from "@faultline/worker";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "./registration.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("a worker process", () => {
  let fixture: WorkerFixture;
  beforeAll(async () => {
    fixture = await workerFixture(1);
    await fixture.stopWorker();
  });
  afterAll(() => fixture.close());

  const living = async () =>
    (await fixture.registration.database.pool.query<{ pid: number }>("SELECT pid FROM worker_process")).rows;

  async function startProcess() {
    const child = spawn(
      process.execPath,
      ["--conditions=faultline-source", "--import", "tsx", "apps/worker/src/main.ts"],
      {
        cwd: root,
        env: { ...process.env, DATABASE_URL: fixture.databaseUrl, FAULTLINE_ARTIFACTS: fixture.folder },
        stdio: "ignore",
      },
    );
    const exited = once(child, "exit") as Promise<[number | null, string | null]>;
    await until(async () => ((await living()).some(({ pid }) => pid === child.pid) ? true : undefined));
    return { child, exited };
  }

  it("stops in order on SIGTERM, and is no longer among the living", async () => {
    const { child, exited } = await startProcess();
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    expect(await living()).toEqual([]);
  });

  it("is found dead after SIGKILL, by whoever looks, and not before", async () => {
    const { child, exited } = await startProcess();
    const { database } = fixture.registration;
    const log = pino({ level: "silent" });
    expect(await releaseJobsOfDeadWorkers(database, log)).toBe(0);
    child.kill("SIGKILL");
    await exited;
    await until(async () => ((await releaseJobsOfDeadWorkers(database, log)) === 1 ? true : undefined));
    expect(await living()).toEqual([]);
  });
});
