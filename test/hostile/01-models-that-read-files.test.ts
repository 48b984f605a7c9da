// 01. An uploaded ONNX file read the server's files, by external data in functions, sparse tensors and training graphs.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COVETED, HIDING_PLACES } from "../../packages/inference/test/hostile-models.ts";
import { encoderGraph, headGraph, modelBytes } from "../../packages/inference/test/onnx-models.ts";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

const hasStrace = spawnSync("strace", ["-V"]).status === 0;
if (!hasStrace) console.warn("strace is not installed: that refused models open no file is not tested");

let target: HostileTarget;
let projectId: string;
let modelId: string;
let head: string;
beforeAll(async () => {
  target = await startHostileTarget();
  const { prisma } = target.database;
  ({ id: projectId } = await prisma.project.create({ data: { slug: "models", name: "Models" } }));
  const model = await prisma.model.create({ data: { projectId, name: "M" } });
  modelId = encodeGlobalID("Model", model.id);
  head = await target.upload(projectId, modelBytes(headGraph(5, 3)));
});
afterAll(() => target.close());

const preprocessing = {
  width: 8,
  height: 6,
  resize: "none",
  interpolation: "bilinear",
  mean: [0, 0, 0],
  standardDeviation: [1, 1, 1],
};

const register = (input: object) =>
  target.graphql(
    `mutation ($input: RegisterModelVersionInput!) {
       registerModelVersion(input: $input) {
         __typename
         ... on ModelVersion { embeddingWidth }
         ... on ValidationError { issues { field message } }
       }
     }`,
    { input: { modelId, name: "v1", classes: ["a", "b", "c"], preprocessing, ...input } },
  );

test("01. a model that names another file is refused, wherever it does, and no file is opened", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "faultline-strace-"));
  const log = path.join(folder, "log");
  const strace = hasStrace
    ? spawn(
        "strace",
        ["-f", "-qq", "-s", "200", "-e", "trace=%file", "-o", log, "-p", String(target.api.pid)],
        {
          stdio: "ignore",
        },
      )
    : undefined;
  const detached = strace && once(strace, "exit");
  if (strace) await sleep(2000);
  try {
    for (const [place, make] of Object.entries(HIDING_PLACES)) {
      const bytes = make();
      const sha256 = await target.upload(projectId, bytes);
      const answers = await Promise.all([
        register({ encoderSha256: sha256, headSha256: head }),
        register({ graphSha256: sha256, penultimateTensor: "embedding" }),
      ]);
      for (const { data, errors } of answers) {
        expect(errors, place).toBeUndefined();
        const { __typename, issues } = data.registerModelVersion;
        expect(__typename, place).toBe("ValidationError");
        expect(issues[0].message, place).toMatch(
          /is stored in another file|it defines functions|it holds training graphs|has field 7 twice/,
        );
        expect(issues[0].message).not.toMatch(/has shape/);
      }
    }
    if (!strace) return;
    strace.kill("SIGINT");
    await detached;
    const seen = readFileSync(log, "utf8");
    expect(seen.match(/main\.mjs/g)?.length).toBeGreaterThan(Object.keys(HIDING_PLACES).length);
    expect(seen).not.toContain(COVETED);
  } finally {
    strace?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}, 600_000);

test("01. the process of a network sees no setting of the API", async () => {
  const encoder = await target.upload(projectId, modelBytes(encoderGraph(8, 6, 5)));
  let environments = "";
  const look = setInterval(() => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("network-process/main.mjs")) continue;
        if (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(`) `)) continue;
        if (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1] !== String(target.api.pid))
          continue;
        environments += `${readFileSync(`/proc/${pid}/environ`, "utf8")}\0`;
      } catch {
        // It has ended meanwhile.
      }
    }
  }, 10);
  const { result, observed } = await target.observe(() =>
    register({ encoderSha256: encoder, headSha256: head }),
  );
  clearInterval(look);
  expect(result.data.registerModelVersion).toMatchObject({ embeddingWidth: 5 });
  expectUnharmed(observed);
  expect(environments).toContain("NODE_CHANNEL_FD");
  expect(environments).not.toMatch(/DATABASE_URL|FAULTLINE|HOME=/);
});
