// 04. An uploaded network had no limit of time or memory: a Loop held a core until SIGKILL, a tensor took 7.5 GB.
import { readFileSync } from "node:fs";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endlessEncoder, hungryEncoder } from "../../packages/inference/test/hostile-models.ts";
import { headGraph, modelBytes } from "../../packages/inference/test/onnx-models.ts";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

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
  head = await target.upload(projectId, modelBytes(headGraph(3, 3)));
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

const register = (encoderSha256: string, name: string, spec: object = preprocessing) =>
  target.graphql(
    `mutation ($input: RegisterModelVersionInput!) {
       registerModelVersion(input: $input) { __typename ... on ValidationError { issues { field message } } }
     }`,
    {
      input: {
        modelId,
        name,
        classes: ["a", "b", "c"],
        preprocessing: spec,
        encoderSha256,
        headSha256: head,
      },
    },
  );

/** Processes that the API started and that live. */
function networksOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
}

test("04. a network that never ends is killed within 10 seconds, and others wait for nothing", async () => {
  const encoder = await target.upload(projectId, endlessEncoder());
  const { result, observed } = await target.observe(() => register(encoder, "endless"));
  expect(result.data.registerModelVersion.issues).toEqual([
    {
      field: "input.encoderSha256",
      message: expect.stringMatching(/^encoder: it took longer than [78] seconds to run\. Export a smaller/),
    },
  ]);
  // The start of the process comes on top, which takes long on a busy machine.
  expect(observed.duration).toBeLessThan(20_000);
  expectUnharmed(observed);
  expect(networksOf(target.api.pid as number)).toBe("");
});

test("04. of many that never end some are told to come again", async () => {
  const encoder = await target.upload(projectId, endlessEncoder());
  const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => register(encoder, `endless-${i}`)));
  const busy = answers.filter(({ errors }) => errors?.[0].extensions.code === "BUSY");
  const refused = answers.filter(({ data }) => data?.registerModelVersion?.__typename === "ValidationError");
  expect([busy.length, refused.length]).toEqual([2, 4]);
  expect(networksOf(target.api.pid as number)).toBe("");
}, 180_000);

test("04. a network that asks for gigabytes does not get them", async () => {
  const encoder = await target.upload(projectId, hungryEncoder([1.9e9]));
  const { result, observed } = await target.observe(() => register(encoder, "hungry"));
  expect(result.data.registerModelVersion.issues[0].message).toContain(
    "it needs more than the 2048 MiB of memory that a network may take",
  );
  expectUnharmed(observed);
});

test("04. pictures of absurd sizes are refused before anything is loaded", async () => {
  const encoder = await target.upload(projectId, endlessEncoder());
  const { result } = await target.observe(() =>
    register(encoder, "absurd", { ...preprocessing, width: 4096, height: 4096 }),
  );
  expect(result.data.registerModelVersion.issues).toEqual([
    {
      field: "input.preprocessing.width",
      message: "width × height is at most 5592405 pixels, choose a smaller input",
    },
  ]);
});
