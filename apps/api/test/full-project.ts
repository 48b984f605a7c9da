// A project in which every table has rows, and a look at all rows of all tables.
import { encodeGlobalID } from "@pothos/plugin-relay";
import sharp from "sharp";
import { expect } from "vitest";
import type { ApiUnderTest } from "./api-under-test.ts";
import { createWorld, finishRun, type World } from "./finished-run.ts";

export interface FullProject extends World {
  /** The first is clean, the second attacked. */
  runs: string[];
  /** Hash of an upload that a matrix was made of. */
  artifactSha256: string;
}

/** A project with one of everything; the first input of each dataset has a picture. */
export async function fullProject(api: ApiUnderTest, slug: string): Promise<FullProject> {
  const { prisma } = api.database;
  const world = await createWorld(api, slug);
  const { projectId } = world;
  const runs = [await finishRun(api, world), await finishRun(api, world, { seed: 2, attacked: true })];
  await api.token(["WRITE"], projectId);
  for (const [datasetId, background] of [
    [world.datasetId, "teal"],
    [world.attackedDatasetId, "olive"],
  ]) {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background } }).png();
    const imageSha256 = await api.upload(projectId, await picture.toBuffer());
    // The first attacked input was made from the clean one at 60.
    const position = datasetId === world.datasetId ? 60 : 0;
    await prisma.input.updateMany({ where: { datasetId, position }, data: { imageSha256 } });
  }
  const artifactSha256 = await api.upload(projectId, Buffer.from(`matrix of ${slug}`));
  const [modelVersionId] = world.modelVersionIds;
  const { datasetId } = world;
  await prisma.embeddingSet.create({
    data: { datasetId, modelVersionId, kind: "EMBEDDING", artifactSha256, rows: 180, columns: 6 },
  });
  await prisma.phraseEmbeddings.create({
    data: { visionLanguageModelId: world.visionLanguageModelId, phrases: ["a"], artifactSha256 },
  });
  const [input] = await prisma.input.findMany({ where: { datasetId }, take: 1 });
  await prisma.quarantinedInput.create({ data: { runId: runs[1].id, inputId: input.id, reason: "broken" } });
  await prisma.runShard.create({
    data: {
      ...{ runId: runs[0].id, stage: "EMBED", shard: 0, datasetId, result: { sha256: artifactSha256 } },
      ...{ firstPosition: 0, endPosition: 1, inputs: 1 },
    },
  });
  const spoken = await api.graphql(
    `mutation($project: ID!, $run: ID!) {
       publishDetector(input: {runId: $run, name: "d", idempotencyKey: "d"}) { __typename ... on Detector { id } }
       saveSpecification(input: {projectId: $project, name: "s", text: "predicted(truck) => strength(wheels) > strength(wings)"}) { __typename }
       saveView(input: {projectId: $project, name: "v", query: "a=b"}) { __typename } }`,
    { project: encodeGlobalID("Project", projectId), run: encodeGlobalID("Run", runs[0].id) },
  );
  expect(Object.values(spoken.data).map(({ __typename }) => __typename)).toEqual([
    "Detector",
    "Specification",
    "SavedView",
  ]);
  const detector = await prisma.detector.findFirstOrThrow({ where: { projectId } });
  await prisma.inputCheck.create({
    data: { detectorId: detector.id, externalId: "x", predictedClass: 0, verdict: "OK", score: 0 },
  });
  return { ...world, runs: runs.map(({ id }) => id), artifactSha256 };
}

/** Every row of every table, as text; tokens without the time of their last use. */
export async function everything(api: ApiUnderTest): Promise<Record<string, string[]>> {
  const { pool } = api.database;
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'
       AND table_type = 'BASE TABLE' AND table_name NOT IN ('artifact_sweep', 'artifact_mark') ORDER BY 1`,
  );
  const found: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'last_used_at' - 'used_at')::text AS row FROM ${name} t ORDER BY 1`,
    );
    found[name] = rows.map(({ row }) => row);
  }
  return found;
}
