import { dropVerdicts, sweepArtifacts } from "@faultline/db";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type KindName, kindNames, kindOf } from "../src/deletion/kinds.ts";
import { type ApiUnderTest, type Data, startApiUnderTest } from "./api-under-test.ts";
import { createWorld } from "./finished-run.ts";
import { everything, fullProject } from "./full-project.ts";

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApiUnderTest();
  const { id } = await api.database.prisma.artifactSweep.findFirstOrThrow();
  await api.artifactStore.claim(id);
});
afterAll(() => api.close());

const mutations: Partial<Record<KindName, string>> = {
  Model: "deleteModel",
  ModelVersion: "deleteModelVersion",
  VisionLanguageModel: "deleteVisionLanguageModel",
  ConceptSet: "deleteConceptSet",
  AttackType: "deleteAttackType",
  Dataset: "deleteDataset",
  EmbeddingSet: "deleteEmbeddingSet",
  Run: "deleteRun",
  Detector: "deleteDetector",
  Specification: "deleteSpecification",
  SavedView: "deleteView",
};

const answer = `__typename ... on Error { message }
  ... on DeletedNode { id dependents { kind count examples } }
  ... on DependentsError { dependents { kind count examples } }
  ... on NotFoundError { field } ... on ConflictError { field }
  ... on ForbiddenError { requiredScope }`;

async function remove(kind: KindName, id: string, withDependents?: boolean, token?: string): Promise<Data> {
  const argument = withDependents === undefined ? "" : `, withDependents: ${withDependents}`;
  const name = mutations[kind];
  const { data, errors } = await api.graphql(
    `mutation($id: ID!) { ${name}(id: $id${argument}) { ${answer} } }`,
    { id: encodeGlobalID(kind, id) },
    token,
  );
  expect(errors).toBeUndefined();
  return data[String(name)];
}

async function removeProject(id: string, slug: string, withDependents = false, token?: string) {
  const { data } = await api.graphql(
    `mutation($id: ID!, $slug: String!, $with: Boolean!) {
       deleteProject(id: $id, slug: $slug, withDependents: $with) { ${answer}
         ... on ValidationError { issues { field message } } } }`,
    { id: encodeGlobalID("Project", id), slug, with: withDependents },
    token,
  );
  return data.deleteProject;
}

const idsOf = async (kind: KindName, projectId: string): Promise<string[]> => {
  const joins: Partial<Record<KindName, string>> = {
    ModelVersion: "JOIN model o ON o.id = t.model_id",
    EmbeddingSet: "JOIN dataset o ON o.id = t.dataset_id",
  };
  const { rows } = await api.database.pool.query<{ id: string }>(
    `SELECT t.id FROM ${kindOf(kind).table} t ${joins[kind] ?? ""}
     WHERE ${kind === "Project" ? "t.id" : joins[kind] ? "o.project_id" : "t.project_id"} = $1 ORDER BY t.id DESC`,
    [projectId],
  );
  return rows.map(({ id }) => id);
};

/** What the worker does after deletions. */
async function runDropJobs(): Promise<void> {
  const { pool } = api.database;
  const { rows } = await pool.query<{ payload: { runId: string } }>(
    "SELECT payload FROM graphile_worker._private_jobs",
  );
  for (const { payload } of rows) if (payload.runId) await dropVerdicts(pool, payload.runId);
}

describe("deletions", { timeout: 180_000 }, () => {
  test("are there for every kind that others may depend on", () => {
    expect([...Object.keys(mutations), "Project"].sort()).toEqual([...kindNames].sort());
  });

  test.each(["in the right order, one by one", "all at once"])(
    "of all of a project, %s, leave nothing of it and all of another",
    async (how) => {
      const slug = how.startsWith("all") ? "at-once" : "one-by-one";
      const theirs = await fullProject(api, `${slug}-theirs`);
      const before = await everything(api);
      const mine = await fullProject(api, slug);
      const parts = await api.database.prisma.run.findMany({ where: { projectId: mine.projectId } });
      expect(parts).toHaveLength(2);
      if (slug === "one-by-one") {
        for (const kind of [...kindNames].reverse().filter((name) => name !== "Project")) {
          const ids = await idsOf(kind, mine.projectId);
          expect(ids.length, kind).toBeGreaterThan(0);
          // The newest first: attacked data before the clean.
          for (const id of ids) {
            const name = kind === "Detector" || kind === "Specification" || kind === "SavedView";
            expect(await remove(kind, id, name ? undefined : false)).toMatchObject({
              __typename: "DeletedNode",
              dependents: [],
            });
            expect(await remove(kind, id)).toMatchObject({ __typename: "NotFoundError", field: "id" });
          }
        }
        expect(await removeProject(mine.projectId, slug)).toMatchObject({ __typename: "DeletedNode" });
      } else {
        const untouched = await everything(api);
        expect(await removeProject(mine.projectId, "wrong", true)).toMatchObject({
          __typename: "ValidationError",
        });
        const said = await removeProject(mine.projectId, slug);
        expect(said).toMatchObject({ __typename: "DependentsError" });
        expect(await everything(api)).toEqual(untouched);
        expect(await removeProject(mine.projectId, slug, true)).toMatchObject({
          __typename: "DeletedNode",
          dependents: said.dependents,
        });
      }
      expect(await removeProject(mine.projectId, slug, true)).toMatchObject({ __typename: "NotFoundError" });
      await runDropJobs();
      await sweepArtifacts(api.database.pool, api.artifactStore, { grace: 0, interval: 0, budget: 60_000 });
      const after = await everything(api);
      // Uploads that their projects name nowhere are gone as well; here there are none.
      expect(after).toEqual(before);
      const report = await api.graphql(
        `query($run: ID!) { faultReport(runId: $run) { detector { similarity } }
           verdicts(runId: $run, first: 1) { totalCount edges { node { explanation { __typename } } } } }`,
        { run: encodeGlobalID("Run", theirs.runs[0]) },
      );
      expect(report.errors).toBeUndefined();
      expect(report.data.verdicts.totalCount).toBe(120);
    },
  );

  test("say all that depends on a thing, and change nothing", async () => {
    const world = await fullProject(api, "said");
    const before = await everything(api);
    const said = async (kind: KindName, id: string) => {
      const { __typename, dependents } = await remove(kind, id);
      expect(__typename).toBe("DependentsError");
      return Object.fromEntries(
        (dependents as unknown as { kind: string; count: number }[]).map(({ kind, count }) => [kind, count]),
      );
    };
    const all = { Run: 2, Detector: 1 };
    const onDataset = { ...all, Dataset: 1, EmbeddingSet: 1 };
    expect(await said("Model", world.modelId)).toEqual({ ModelVersion: 2, ...onDataset });
    expect(await said("ModelVersion", world.modelVersionIds[0])).toEqual(onDataset);
    expect(await said("VisionLanguageModel", world.visionLanguageModelId)).toEqual(all);
    expect(await said("ConceptSet", world.conceptSetId)).toEqual(all);
    expect(await said("AttackType", world.attackTypeId)).toEqual({ Dataset: 1, Run: 1 });
    expect(await said("Dataset", world.datasetId)).toEqual(onDataset);
    expect(await said("Dataset", world.attackedDatasetId)).toEqual({ Run: 1 });
    expect(await said("EmbeddingSet", (await idsOf("EmbeddingSet", world.projectId))[0])).toEqual(all);
    expect(await said("Run", world.runs[0])).toEqual({ Detector: 1 });
    const refused = await remove("Run", world.runs[0]);
    expect(refused.dependents).toEqual([{ kind: "Detector", count: 1, examples: ["d@1"] }]);
    expect(refused.message).toContain("withDependents");
    expect(await everything(api)).toEqual(before);
  });

  test("need the write scope, and the admin scope for a project", async () => {
    const { projectId, runs } = await fullProject(api, "scopes");
    const [reader, writer] = [await api.token(["READ"], projectId), await api.token(["WRITE"], projectId)];
    const refused = await remove("Run", runs[0], true, reader);
    expect(refused).toMatchObject({ __typename: "ForbiddenError", requiredScope: "WRITE" });
    expect(await removeProject(projectId, "scopes", true, writer)).toMatchObject({
      __typename: "ForbiddenError",
      requiredScope: "ADMIN",
    });
    const admin = await api.token(["ADMIN"], projectId);
    expect(await removeProject(projectId, "scopes", true, admin)).toMatchObject({
      __typename: "DeletedNode",
    });
    await vi.waitFor(async () => {
      const { data } = await api.graphql("{ viewer { token { name } } }", {}, admin);
      expect(data.viewer).toBeNull();
    }, 10_000);
  });

  test("of what is worked on are refused with the remedy, or stop the work", async () => {
    const { prisma } = api.database;
    const { projectId, runs, datasetId } = await fullProject(api, "busy");
    await prisma.run.update({ where: { id: runs[1] }, data: { status: "RUNNING" } });
    const refused = await remove("Run", runs[1]);
    expect(refused).toMatchObject({ __typename: "ConflictError", field: "id" });
    expect(refused.message).toContain("cancelRun");
    expect(await remove("Run", runs[1], true)).toMatchObject({ __typename: "DeletedNode" });
    await prisma.dataset.update({ where: { id: datasetId }, data: { status: "INGESTING" } });
    expect(await remove("Dataset", datasetId)).toMatchObject({ __typename: "ConflictError" });
    expect(await remove("Dataset", datasetId, true)).toMatchObject({ __typename: "DeletedNode" });
    expect(await prisma.input.count({ where: { dataset: { projectId } } })).toBe(0);
  });

  test("free names and idempotency keys", async () => {
    const { id: projectId } = await api.database.prisma.project.create({
      data: { slug: "again", name: "again" },
    });
    const create = async () => {
      const { data } = await api.graphql(
        `mutation($project: ID!) { createModel(input: {projectId: $project, name: "m", idempotencyKey: "k"}) {
           __typename ... on Model { id } } }`,
        { project: encodeGlobalID("Project", projectId) },
      );
      expect(data.createModel.__typename).toBe("Model");
      return String(data.createModel.id);
    };
    const first = await create();
    expect(await create()).toBe(first);
    const [id] = await idsOf("Model", projectId);
    expect(await remove("Model", id)).toMatchObject({ __typename: "DeletedNode", id: first });
    expect(await create()).not.toBe(first);
  });

  test("are known to every process that remembered the run", async () => {
    const { runs } = await fullProject(api, "remembered");
    const other = await startApiUnderTest({}, { ...api.database, close: async () => undefined });
    try {
      const ask = "query($run: ID!) { verdicts(runId: $run, first: 1) { totalCount } }";
      const variables = { run: encodeGlobalID("Run", runs[1]) };
      expect((await other.graphql(ask, variables)).data.verdicts.totalCount).toBe(120);
      expect(await remove("Run", runs[1])).toMatchObject({ __typename: "DeletedNode" });
      await vi.waitFor(async () => {
        const { errors } = await other.graphql(ask, variables);
        expect(errors?.[0].extensions.code).toBe("NOT_FOUND");
      }, 10_000);
    } finally {
      await other.close();
    }
  });

  test("see what is added at the same moment, and what is added later finds nothing", async () => {
    const { prisma, pool } = api.database;
    const world = await createWorld(api, "race");
    const somebodyWaits = () =>
      vi.waitFor(
        async () => {
          const { rowCount } = await pool.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          expect(rowCount).toBeGreaterThan(0);
        },
        { timeout: 20_000 },
      );
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query(
      `INSERT INTO run (id, project_id, name, model_version_id, vision_language_model_id, concept_set_id, dataset_id,
         configuration, seed) VALUES (gen_random_uuid(), $1, 'late', $2, $3, $4, $5, '{}', 1)`,
      [
        world.projectId,
        world.modelVersionIds[0],
        world.visionLanguageModelId,
        world.conceptSetId,
        world.datasetId,
      ],
    );
    const removing = remove("ConceptSet", world.conceptSetId);
    await somebodyWaits();
    await client.query("COMMIT");
    client.release();
    expect(await removing).toMatchObject({ dependents: [{ kind: "Run", count: 1, examples: ["late"] }] });

    // The other way round: the row is locked by a deletion that commits while a request wants to refer to it.
    const holder = await pool.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM attack_type WHERE id = $1 FOR UPDATE", [world.attackTypeId]);
    const archive = await api.upload(world.projectId, Buffer.from("archive"));
    const creating = api.graphql(
      `mutation($project: ID!, $attack: ID!, $clean: ID!, $archive: String!) {
         createDataset(input: {projectId: $project, name: "late", classes: ["truck", "car", "plane"],
           archiveSha256: $archive, attackTypeId: $attack, cleanDatasetId: $clean}) {
             __typename ... on Error { message } ... on NotFoundError { field } } }`,
      {
        project: encodeGlobalID("Project", world.projectId),
        attack: encodeGlobalID("AttackType", world.attackTypeId),
        clean: encodeGlobalID("Dataset", world.datasetId),
        archive,
      },
    );
    await somebodyWaits();
    await holder.query("UPDATE dataset SET attack_type_id = NULL WHERE attack_type_id = $1", [
      world.attackTypeId,
    ]);
    await holder.query("DELETE FROM attack_type WHERE id = $1", [world.attackTypeId]);
    await holder.query("COMMIT");
    holder.release();
    expect((await creating).data.createDataset).toMatchObject({
      __typename: "NotFoundError",
      field: "input",
    });
    expect(await prisma.dataset.count({ where: { name: "late" } })).toBe(0);
  });
});
