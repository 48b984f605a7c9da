// Runs what examples/ shows, as it stands there, against the API.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schema } from "../../apps/api/src/schema.ts";
import { type ApiUnderTest, startApiUnderTest } from "../../apps/api/test/api-under-test.ts";
import { createWorld, type FinishedRun, finishRun, type World } from "../../apps/api/test/finished-run.ts";
import { encoderGraph, headGraph, modelBytes } from "../../packages/inference/test/onnx-models.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../..", import.meta.url));
const examples = path.join(repository, "examples");

let api: ApiUnderTest;
let world: World;
let baseline: FinishedRun;
let newer: FinishedRun;
let folder: string;
const idOf = ({ id }: FinishedRun) => encodeGlobalID("Run", id);

beforeAll(async () => {
  api = await startApiUnderTest();
  world = await createWorld(api, "examples");
  baseline = await finishRun(api, world, { seed: 1 });
  newer = await finishRun(api, world, { seed: 2, modelVersion: 1 });
  folder = await mkdtemp(path.join(tmpdir(), "faultline-examples-"));
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command with a token of its own. @returns its exit code and standard output */
async function execute(command: string, args: string[], scope: "READ" | "WRITE", environment = {}) {
  const env = {
    ...process.env,
    FAULTLINE_URL: api.url,
    FAULTLINE_TOKEN: await api.token([scope], world.projectId),
    ...environment,
  };
  return run(command, args, { cwd: repository, env }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      stdout: error.stdout + error.stderr,
    }),
  );
}

const typescript = (file: string, ...args: string[]) =>
  execute(process.execPath, ["--import", "tsx", path.join(examples, file), ...args], "READ");

test("every operation fits the schema", async () => {
  const files = (await readdir(examples, { recursive: true })).filter((file) => file.endsWith(".graphql"));
  expect(files.length).toBeGreaterThanOrEqual(5);
  for (const file of files) {
    const document = parse(await readFile(path.join(examples, file), "utf8"));
    expect(validate(schema, document), file).toEqual([]);
  }
});

describe("register-a-model-version", () => {
  test("uploads and registers; a second time it finds the same version", async () => {
    const files = {
      "encoder.onnx": modelBytes(encoderGraph(8, 6, 5)),
      "head.onnx": modelBytes(headGraph(5, 3)),
      "preprocessing.json": JSON.stringify({
        width: 8,
        height: 6,
        resize: "squash",
        interpolation: "bilinear",
        mean: [0, 0, 0],
        standardDeviation: [1, 1, 1],
      }),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
    const register = (...classes: string[]) =>
      execute(
        path.join(examples, "register-a-model-version/register.sh"),
        [
          "examples",
          "classifier",
          "v2.0",
          ...Object.keys(files).map((name) => path.join(folder, name)),
          ...classes,
        ],
        "WRITE",
      );
    const [first, second] = [
      await register("truck", "car", "plane"),
      await register("truck", "car", "plane"),
    ];
    const registered = { data: { registerModelVersion: { name: "v2.0", embeddingWidth: 5 } } };
    expect(JSON.parse(first.stdout)).toMatchObject(registered);
    expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
    const conflict = await register("truck", "car", "ship");
    expect(JSON.parse(conflict.stdout).data.registerModelVersion.message).toMatch(/idempotency key/);
  });
});

describe("compare-runs", () => {
  test("prints the table and the differences", async () => {
    const { code, stdout } = await typescript("compare-runs/compare-runs.ts", idOf(baseline), idOf(newer));
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/classifier v1\.0.*clean/);
    expect(stdout).toContain("run 2 against run 1, on 120 shared inputs");
    const worse = newer.verdicts.filter(
      (v, i) => v.misclassified && !baseline.verdicts[i].misclassified,
    ).length;
    expect(stdout).toContain(`${worse} inputs got worse`);
  });

  test("says what is wrong", async () => {
    const { code, stdout } = await typescript("compare-runs/compare-runs.ts", idOf(baseline));
    expect(code).toBe(1);
    expect(stdout).toContain("Compare at least two runs.");
  });
});

describe("verdicts-in-ci", () => {
  test("prints each encoder fault and fails beyond the allowed number", async () => {
    const faults = baseline.verdicts.filter(({ fault }) => fault === "ENCODER");
    const within = await typescript("verdicts-in-ci/verdicts.ts", idOf(baseline), String(faults.length));
    expect(within.code).toBe(0);
    const lines = within.stdout.trim().split("\n").slice(0, -1);
    expect(lines.map((line) => line.split("\t")[1]).sort()).toEqual(
      faults.map(({ externalId }) => externalId).sort(),
    );
    const beyond = await typescript("verdicts-in-ci/verdicts.ts", idOf(baseline), String(faults.length - 1));
    expect(beyond.code).toBe(1);
  });

  test("tells the verdict of one input, with its sentence", async () => {
    const query = await readFile(path.join(examples, "verdicts-in-ci/verdict-of-one-input.graphql"), "utf8");
    const { data } = await api.graphql(query, { runId: idOf(baseline), externalId: "photo-61" });
    expect(data.verdict.explanation.sentence).toMatch(/^The answer "/);
  });

  test("runs as the steps of the workflow", async () => {
    const workflow = await readFile(path.join(examples, "verdicts-in-ci/github-actions.yml"), "utf8");
    // A step's command is on the line of `run:`, or indented under `run: |`.
    const steps = [...workflow.matchAll(/ +run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/g)].map(
      ([, block, line]) => block ?? line,
    );
    expect(steps).toHaveLength(2);
    for (const step of steps) {
      const command = step.replace("verdicts.csv \\", `${path.join(folder, "verdicts.csv")} \\`);
      const { code, stdout } = await execute("bash", ["-euo", "pipefail", "-c", command], "READ", {
        RUN_ID: idOf(baseline),
      });
      expect(code, stdout).toBe(0);
    }
    const rows = (await readFile(path.join(folder, "verdicts.csv"), "utf8")).trim().split("\n");
    expect(rows).toHaveLength(1 + 120);
  });
});
