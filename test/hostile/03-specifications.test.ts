import path from "node:path";
import { FolderArtifactStore } from "@faultline/db";
import type { EmbeddedShard } from "@faultline/run";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, finishRun, type World } from "../../apps/api/test/finished-run.ts";
import { floats, headGraph, modelBytes } from "../../packages/inference/test/onnx-models.ts";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

const query = `query($id: ID!, $text: String!) { node(id: $id) { ... on Run { checkSpecification(text: $text) {
  ... on SpecificationCheck { inputs verification verificationReason }
  ... on ValidationError { issues { field message } } } } } }`;

// Of createWorld.
const width = 6;
const classes = 3;

let target: HostileTarget;
let world: World;
let reader: string;
let runId: string;

beforeAll(async () => {
  target = await startHostileTarget();
  const artifactStore = await FolderArtifactStore.open(path.join(target.folder, "artifacts"));
  world = await createWorld(target, "specifications");
  const run = await finishRun({ database: target.database, artifactStore }, world);
  runId = encodeGlobalID("Run", run.id);
  reader = await target.token(["READ"], world.projectId);
  // A linear head that never answers "car", and the embeddings that the worker keeps: now there is something to prove.
  const graph = headGraph(width, classes);
  const [weights] = graph.initializer ?? [];
  const initializer = [weights, floats("b", [classes], [1000, 0, 0])];
  const headSha256 = await target.upload(world.projectId, modelBytes({ ...graph, initializer }));
  const { prisma } = target.database;
  await prisma.modelVersion.update({ where: { id: world.modelVersionIds[0] }, data: { headSha256 } });
  const embeddings = Float32Array.from({ length: 2 * width }, (_, i) => (i < width ? -1 : 1));
  const { sha256 } = await artifactStore.put(new Uint8Array(embeddings.buffer));
  const embedding = { sha256, offset: 0, rows: 2, columns: width };
  const handOver: EmbeddedShard = {
    embedding,
    logits: embedding,
    imageEmbedding: embedding,
    quarantined: [],
    alignmentSha256: null,
  };
  await prisma.runShard.create({
    data: {
      runId: run.id,
      stage: "EMBED",
      shard: 0,
      datasetId: world.datasetId,
      firstPosition: 0,
      endPosition: 2,
      inputs: 2,
      result: handOver,
    },
  });
});
afterAll(() => target.close());

const nested = (depth: number) => `${"(".repeat(depth)}predicted(car)${")".repeat(depth)}`;
const pair = "(strength(wheels) > strength(wings) and strength(metallic) > strength(truck))";

async function check(text: string) {
  const { result, observed } = await target.observe(() => target.graphql(query, { id: runId, text }, reader));
  expect(result.errors).toBeUndefined();
  expectUnharmed(observed);
  return { check: result.data.node.checkSpecification, observed };
}

describe("checkSpecification", () => {
  it("3: proves what can be proved", async () => {
    const { check: answer } = await check("not predicted(car)");
    expect(answer).toMatchObject({ inputs: 120, verification: "HOLDS" });
  });

  it("3: reads 64 characters of parentheses at once", async () => {
    await check(nested(25));
  });

  it("3: refuses what is too deep or too long", async () => {
    for (const [text, why] of [
      [nested(65), "nested more than 64"],
      [" ".repeat(1_000_000), "1000000 characters"],
    ])
      expect((await check(text)).check.issues).toEqual([
        { field: "text", message: expect.stringContaining(why) },
      ]);
  });

  it("3: solves thousands of linear programs beside the event loop, until a deadline", async () => {
    // 2¹³ cases.
    const { check: answer } = await check(
      `predicted(car) => ${Array.from({ length: 13 }, () => pair).join(" or ")}`,
    );
    expect(answer.inputs).toBe(120);
    expect(["HOLDS", "UNKNOWN"]).toContain(answer.verification);
  });

  it("3: writes down no exponential normal form", async () => {
    const either = "(strength(wheels) > strength(wings) or strength(metallic) > strength(truck))";
    const { check: answer } = await check(`not (${Array.from({ length: 24 }, () => either).join(" and ")})`);
    expect(answer).toMatchObject({
      verification: "UNKNOWN",
      verificationReason: expect.stringContaining("more than 10000 cases"),
    });
  });

  it("3: takes turns, and tells the fourth of a project to come again", async () => {
    const text = `predicted(car) => ${Array.from({ length: 13 }, () => pair).join(" or ")}`;
    const { result, observed } = await target.observe(() =>
      Promise.all(Array.from({ length: 4 }, () => target.graphql(query, { id: runId, text }, reader))),
    );
    expectUnharmed(observed);
    const refused = result.filter(({ errors }) => errors !== undefined);
    expect(refused.map(({ errors }) => errors?.[0].extensions.code)).toEqual(["BUSY"]);
  });

  it("3: the stream is no way around", async () => {
    const { observed } = await target.observe(() =>
      target.stream(query, { id: runId, text: nested(25) }, reader),
    );
    expectUnharmed(observed);
  });
});
