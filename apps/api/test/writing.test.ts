import { matrix } from "@faultline/core";
import { encodeNpy } from "@faultline/inference";
import { encodeGlobalID } from "@pothos/plugin-relay";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  classifierGraph,
  encoderGraph,
  headGraph,
  modelBytes,
  textTowerGraph,
} from "../../../packages/inference/test/onnx-models.ts";
import { type ApiUnderTest, type Data, startApiUnderTest } from "./api-under-test.ts";
import { axis, classes, createWorld, finishRun, type World } from "./finished-run.ts";

let api: ApiUnderTest;
let world: World;
let project: string;
/** Global ids of the world. */
let ids: Record<"model" | "version" | "vlm" | "conceptSet" | "dataset" | "attackType", string>;

beforeAll(async () => {
  api = await startApiUnderTest();
  world = await createWorld(api, "writing");
  project = encodeGlobalID("Project", world.projectId);
  ids = {
    model: encodeGlobalID("Model", world.modelId),
    version: encodeGlobalID("ModelVersion", world.modelVersionIds[0]),
    vlm: encodeGlobalID("VisionLanguageModel", world.visionLanguageModelId),
    conceptSet: encodeGlobalID("ConceptSet", world.conceptSetId),
    dataset: encodeGlobalID("Dataset", world.datasetId),
    attackType: encodeGlobalID("AttackType", world.attackTypeId),
  };
});
afterAll(() => api.close());

const failures = `... on ValidationError { message issues { field message position { offset line column } } } ... on NotFoundError { field message }
  ... on ConflictError { field message existingId } ... on ForbiddenError { requiredScope }`;

/** Calls a mutation with its input; failures come with their fields. */
async function mutate(name: string, input: object, selection: string, token?: string): Promise<Data> {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const answer = await api.graphql(
    `mutation($input: ${type}!) { ${name}(input: $input) { __typename ${selection} ${name === "checkInputs" ? failures.replace(/\.\.\. on ConflictError \{[^}]*\}/, "") : failures} } }`,
    { input },
    token,
  );
  expect(answer.errors).toBeUndefined();
  return answer.data[name];
}

const preprocessing = {
  width: 8,
  height: 6,
  resize: "squash",
  interpolation: "bilinear",
  mean: [0, 0, 0],
  standardDeviation: [1, 1, 1],
};

describe("every mutation", () => {
  test("asks for the write scope", async () => {
    const reader = await api.token(["READ"], world.projectId);
    const calls: [string, object][] = [
      ["createModel", { projectId: project, name: "x" }],
      ["registerModelVersion", { modelId: ids.model, name: "x", classes }],
      ["registerVisionLanguageModel", { projectId: project, name: "x" }],
      ["addPhraseEmbeddings", { visionLanguageModelId: ids.vlm, phrases: ["x"], sha256: "x" }],
      ["createConceptSet", { projectId: project, name: "x", phrases: ["a", "b"] }],
      ["createAttackType", { projectId: project, name: "x", norm: "L2", epsilon: 1 }],
      ["createDataset", { projectId: project, name: "x", classes }],
      ["addEmbeddingSet", { datasetId: ids.dataset, kind: "LOGITS", sha256: "x" }],
      [
        "startRun",
        {
          modelVersionId: ids.version,
          visionLanguageModelId: ids.vlm,
          conceptSetId: ids.conceptSet,
          datasetId: ids.dataset,
        },
      ],
      ["publishDetector", { runId: "x", name: "x" }],
      ["saveSpecification", { projectId: project, name: "x", text: "x" }],
      ["saveView", { projectId: project, name: "x", query: "x" }],
    ];
    for (const [name, input] of calls)
      expect(await mutate(name, input, "", reader), name).toEqual({
        __typename: "ForbiddenError",
        requiredScope: "WRITE",
      });
    for (const name of ["cancelRun", "retryRun", "deleteView"]) {
      const { data } = await api.graphql(
        `mutation { ${name}(id: "x") { ... on ForbiddenError { requiredScope } } }`,
        {},
        reader,
      );
      expect(data[name], name).toEqual({ requiredScope: "WRITE" });
    }
  });
});

describe("createModel", () => {
  test("makes a model; the same name is a conflict that names it", async () => {
    const made = await mutate(
      "createModel",
      { projectId: project, name: "resnet", description: "d" },
      "... on Model { id name description }",
    );
    expect(made).toMatchObject({ __typename: "Model", name: "resnet", description: "d" });
    const again = await mutate("createModel", { projectId: project, name: "resnet" }, "");
    expect(again).toMatchObject({ __typename: "ConflictError", field: "input.name", existingId: made.id });
    const nameless = await mutate("createModel", { projectId: project, name: " " }, "");
    expect(nameless.issues[0].field).toBe("input.name");
    const nowhere = await mutate("createModel", { projectId: ids.model, name: "x" }, "");
    expect(nowhere).toMatchObject({ __typename: "NotFoundError", field: "input.projectId" });
  });

  test("gives the same node for the same idempotency key, and refuses it for another request", async () => {
    const input = { projectId: project, name: "idempotent", idempotencyKey: "key of idempotent" };
    for (const name of ["idempotent", "once more", "and again", "and still"]) {
      const repeated = { ...input, name, idempotencyKey: `key of ${name}` };
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => mutate("createModel", repeated, "... on Model { id }")),
      );
      expect(new Set(answers.map(({ id }) => String(id))), name).toHaveProperty("size", 1);
      expect(answers[0].__typename).toBe("Model");
    }
    const other = await mutate("createModel", { ...input, name: "other" }, "");
    expect(other).toMatchObject({ __typename: "ConflictError", field: "input.idempotencyKey" });
  });
});

describe("registerModelVersion", () => {
  const register = (input: object) =>
    mutate(
      "registerModelVersion",
      { modelId: ids.model, classes, preprocessing, ...input },
      "... on ModelVersion { id name classes embeddingWidth encoderSha256 headSha256 gitCommit metadata model { name } }",
    );
  let encoder: string;
  let head: string;
  beforeAll(async () => {
    encoder = await api.upload(world.projectId, modelBytes(encoderGraph(8, 6, 5)));
    head = await api.upload(world.projectId, modelBytes(headGraph(5, 3)));
  });

  test("measures the width of what it loads and runs", async () => {
    const version = await register({
      name: "onnx",
      encoderSha256: encoder,
      headSha256: head,
      gitCommit: "abc",
      metadata: { epochs: 3 },
    });
    expect(version).toMatchObject({
      embeddingWidth: 5,
      classes,
      gitCommit: "abc",
      metadata: { epochs: 3 },
      model: { name: "classifier" },
    });
    const again = await register({ name: "onnx", encoderSha256: encoder, headSha256: head });
    expect(again).toMatchObject({ __typename: "ConflictError", field: "input.name", existingId: version.id });
  });

  test("splits one graph at its penultimate tensor", async () => {
    const graph = await api.upload(world.projectId, modelBytes(classifierGraph(8, 6, 5, 3)));
    const version = await register({ name: "split", graphSha256: graph, penultimateTensor: "embedding" });
    expect(version).toMatchObject({ __typename: "ModelVersion", embeddingWidth: 5 });
    expect(await api.artifactStore.has(String(version.encoderSha256))).toBe(true);
    const wrong = await register({ name: "split-2", graphSha256: graph, penultimateTensor: "nonsense" });
    expect(wrong.issues).toMatchObject([
      { field: "input.penultimateTensor", message: expect.stringContaining("pooled") },
    ]);
  });

  test("takes none of both, with a width", async () => {
    expect(await register({ name: "brought", embeddingWidth: 64, preprocessing: null })).toMatchObject({
      embeddingWidth: 64,
      encoderSha256: null,
    });
    expect((await register({ name: "brought-2", preprocessing: null })).issues).toMatchObject([
      { field: "input.embeddingWidth" },
    ]);
  });

  test.each([
    ["a head of another width", () => ({ headSha256: "wide" }), "input.headSha256", /7.*5|5.*7/],
    ["another number of classes", () => ({ classes: ["a", "b"] }), "input.classes", /3 logits/],
    ["a file that is no ONNX", () => ({ encoderSha256: "noise" }), "input.encoderSha256", /ONNX/i],
    ["an encoder alone", () => ({ headSha256: null }), "input.headSha256", /head/],
    ["a class named twice", () => ({ classes: ["a", "b", "a"] }), "input.classes.2", /twice/],
    ["a single class", () => ({ classes: ["a"] }), "input.classes", /two classes/],
    ["no preprocessing", () => ({ preprocessing: null }), "input.preprocessing", /picture/],
    [
      "a preprocessing without width",
      () => ({ preprocessing: { ...preprocessing, width: undefined } }),
      "input.preprocessing.width",
      /./,
    ],
    ["another width than the encoder's", () => ({ embeddingWidth: 6 }), "input.embeddingWidth", /5/],
  ])("refuses %s", async (what, change, field, message) => {
    const uploads: Record<string, string> = {
      wide: await api.upload(world.projectId, modelBytes(headGraph(7, 3))),
      noise: await api.upload(world.projectId, Buffer.from("this is no model")),
    };
    const changed = Object.fromEntries(
      Object.entries(change()).map(([key, value]) => [key, uploads[String(value)] ?? value]),
    );
    const refused = await register({
      name: `bad: ${what}`,
      encoderSha256: encoder,
      headSha256: head,
      ...changed,
    });
    expect(refused).toMatchObject({
      __typename: "ValidationError",
      issues: [{ field, message: expect.stringMatching(message) }],
    });
  });

  test("refuses uploads of another project, even with a known hash", async () => {
    const other = await createWorld(api, "another");
    const refused = await mutate(
      "registerModelVersion",
      {
        modelId: encodeGlobalID("Model", other.modelId),
        name: "x",
        classes,
        preprocessing,
        encoderSha256: encoder,
        headSha256: head,
      },
      "",
    );
    expect(refused).toMatchObject({ __typename: "NotFoundError", field: "input.encoderSha256" });
  });
});

describe("registerVisionLanguageModel", () => {
  const register = (input: object) =>
    mutate(
      "registerVisionLanguageModel",
      { projectId: project, ...input },
      "... on VisionLanguageModel { id name embeddingWidth textTowerSha256 phrases { edges { node } } }",
    );

  test("loads both towers with their tokenizer; refuses towers of different widths", async () => {
    const tokenizer = {
      type: "word",
      vocabulary: { "<pad>": 0, "<unk>": 1, a: 2 },
      contextLength: 4,
      lowercase: true,
      padToken: "<pad>",
      unknownToken: "<unk>",
    };
    const towers = {
      imageTowerSha256: await api.upload(world.projectId, modelBytes(encoderGraph(8, 6, 5))),
      textTowerSha256: await api.upload(world.projectId, modelBytes(textTowerGraph(3, 5, 4))),
      tokenizerSha256: await api.upload(world.projectId, Buffer.from(JSON.stringify(tokenizer))),
      preprocessing,
    };
    expect(await register({ name: "towers", ...towers })).toMatchObject({
      embeddingWidth: 5,
      phrases: { edges: [] },
    });
    const narrow = await api.upload(world.projectId, modelBytes(textTowerGraph(3, 4, 4)));
    expect((await register({ name: "narrow", ...towers, textTowerSha256: narrow })).issues).toMatchObject([
      { field: "input.textTowerSha256" },
    ]);
    const half = await register({ name: "half", imageTowerSha256: towers.imageTowerSha256 });
    expect((half.issues as unknown as { field: string }[]).map(({ field }) => field)).toEqual([
      "input.textTowerSha256",
      "input.tokenizerSha256",
      "input.preprocessing",
    ]);
    const noJson = await api.upload(world.projectId, Buffer.from("{"));
    expect((await register({ name: "no json", ...towers, tokenizerSha256: noJson })).issues).toMatchObject([
      { field: "input.tokenizerSha256" },
    ]);
  });

  test("takes brought phrases of its width, and says what does not fit", async () => {
    const vlm = await register({ name: "brought", embeddingWidth: 4 });
    const add = (phrases: string[], sha256: string) =>
      mutate(
        "addPhraseEmbeddings",
        { visionLanguageModelId: vlm.id, phrases, sha256 },
        "... on VisionLanguageModel { phrases(first: 2) { pageInfo { hasNextPage } edges { node cursor } } }",
      );
    const good = await api.upload(
      world.projectId,
      encodeNpy(
        matrix(
          3,
          4,
          Float32Array.from({ length: 12 }, (_, i) => i),
        ),
      ),
    );
    expect(await add(["a", "b", "c"], good)).toMatchObject({
      phrases: { pageInfo: { hasNextPage: true }, edges: [{ node: "a" }, { node: "b" }] },
    });
    expect((await add(["a", "b"], good)).issues).toMatchObject([
      { field: "input.sha256", message: expect.stringMatching(/3 rows.*2 phrases/) },
    ]);
    const wide = await api.upload(world.projectId, encodeNpy(matrix(1, 5)));
    expect((await add(["a"], wide)).issues[0].message).toMatch(/5 columns/);
    const infinite = await api.upload(
      world.projectId,
      encodeNpy(matrix(1, 4, Float32Array.of(1, Number.NaN, 2, 3))),
    );
    expect((await add(["a"], infinite)).issues).toMatchObject([
      { field: "input.sha256", message: expect.stringContaining("NaN") },
    ]);
    expect(await add(["a"], "0".repeat(64))).toMatchObject({
      __typename: "NotFoundError",
      field: "input.sha256",
    });
    expect((await add(["a"], "nonsense")).issues).toMatchObject([{ field: "input.sha256" }]);
  });
});

describe("createConceptSet", () => {
  const create = (input: object) =>
    mutate(
      "createConceptSet",
      { projectId: project, name: "set", ...input },
      "... on ConceptSet { id version templates concepts { phrase position } }",
    );

  test("counts versions up, also when many are made at once", async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, (_, i) => create({ phrases: ["wheels", `wings ${i}`] })),
    );
    expect(made.map(({ version }) => Number(version)).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(made[0]).toMatchObject({
      templates: ["a photo of {}"],
      concepts: [{ phrase: "wheels", position: 0 }, { position: 1 }],
    });
    const newest = await api.graphql(
      '{ project(slug: "writing") { conceptSet(name: "set") { version } old: conceptSet(name: "set", version: 2) { version } conceptSets(name: "set") { totalCount } } }',
    );
    expect(newest.data.project).toEqual({
      conceptSet: { version: 5 },
      old: { version: 2 },
      conceptSets: { totalCount: 5 },
    });
  });

  test("refuses what cannot be compared", async () => {
    expect((await create({ phrases: ["wheels"] })).issues).toMatchObject([
      { field: "input.phrases", message: expect.stringContaining("at least two") },
    ]);
    expect((await create({ phrases: ["wheels", "Wheels"] })).issues).toMatchObject([
      { field: "input.phrases.1" },
    ]);
    expect((await create({ phrases: ["a", "b"], templates: ["a photo"] })).issues).toMatchObject([
      { field: "input.templates.0" },
    ]);
  });
});

describe("createAttackType", () => {
  test("makes one; its name is its own", async () => {
    const input = {
      projectId: project,
      name: "PGD",
      norm: "Linf",
      epsilon: 0.03,
      steps: 10,
      parameters: { restarts: 2 },
    };
    expect(
      await mutate("createAttackType", input, "... on AttackType { name steps parameters }"),
    ).toMatchObject({ steps: 10, parameters: { restarts: 2 } });
    expect(await mutate("createAttackType", input, "")).toMatchObject({
      __typename: "ConflictError",
      field: "input.name",
    });
    expect((await mutate("createAttackType", { ...input, name: "n", epsilon: -1 }, "")).issues).toMatchObject(
      [{ field: "input.epsilon" }],
    );
  });
});

describe("createDataset", () => {
  const create = (input: object) =>
    mutate(
      "createDataset",
      { projectId: project, classes, ...input },
      "... on Dataset { id name status inputCount attackType { name } cleanDataset { name } }",
    );
  const jobs = async (task: string) =>
    (
      await api.database.pool.query(
        `SELECT payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id WHERE t.identifier = $1`,
        [task],
      )
    ).rows;

  test("hands the upload to a worker, in one transaction", async () => {
    const archive = await api.upload(world.projectId, Buffer.from("an archive"));
    const made = await create({ name: "new", archiveSha256: archive });
    expect(made).toMatchObject({ __typename: "Dataset", status: "INGESTING", inputCount: null });
    const [row] = await api.database.prisma.dataset.findMany({ where: { name: "new" } });
    expect(
      (await jobs("ingest-dataset")).filter(({ payload }) => payload.datasetId === row.id),
    ).toMatchObject([{ payload: { archiveSha256: archive, manifestSha256: null } }]);
    expect(await create({ name: "new", archiveSha256: archive })).toMatchObject({
      __typename: "ConflictError",
      existingId: made.id,
    });
    const notReady = await mutate(
      "addEmbeddingSet",
      { datasetId: made.id, kind: "LOGITS", sha256: archive },
      "",
    );
    expect(notReady.issues).toMatchObject([
      { field: "input.datasetId", message: expect.stringContaining("INGESTING") },
    ]);
  });

  test("ties attacked data to its clean data", async () => {
    const manifestSha256 = await api.upload(world.projectId, Buffer.from("{}"));
    const attack = {
      attackTypeId: ids.attackType,
      attackedModelVersionId: ids.version,
      cleanDatasetId: ids.dataset,
    };
    expect(await create({ name: "attacked", manifestSha256, ...attack })).toMatchObject({
      attackType: { name: "FGSM 8/255" },
      cleanDataset: { name: "photos" },
    });
    const cases: [object, string][] = [
      [{ ...attack, cleanDatasetId: undefined }, "input.cleanDatasetId"],
      [{ ...attack, attackTypeId: undefined }, "input.attackTypeId"],
      [{ ...attack, classes: ["truck", "car", "boat"] }, "input.classes"],
      [
        { ...attack, cleanDatasetId: encodeGlobalID("Dataset", world.attackedDatasetId) },
        "input.cleanDatasetId",
      ],
      [{ archiveSha256: manifestSha256 }, "input.manifestSha256"],
      [{ manifestSha256: undefined }, "input.archiveSha256"],
    ];
    for (const [change, field] of cases)
      expect((await create({ name: "bad", manifestSha256, ...change })).issues[0], field).toMatchObject({
        field,
      });
    expect(await create({ name: "bad", manifestSha256: "0".repeat(64) })).toMatchObject({
      __typename: "NotFoundError",
      field: "input.manifestSha256",
    });
  });
});

describe("addEmbeddingSet", () => {
  const rows = 180;
  const numbers = (columns: number) =>
    encodeNpy(
      matrix(
        rows,
        columns,
        Float32Array.from({ length: rows * columns }, (_, i) => Math.floor(i / columns)),
      ),
    );
  const add = (input: object) =>
    mutate(
      "addEmbeddingSet",
      { datasetId: ids.dataset, ...input },
      "... on EmbeddingSet { kind rows columns artifactSha256 modelVersion { name } visionLanguageModel { name } }",
    );

  test("keeps a matrix in the dataset's own order", async () => {
    const sha256 = await api.upload(world.projectId, numbers(6));
    const inputIds = Array.from({ length: rows }, (_, i) => `photo-${rows - 1 - i}`);
    const made = await add({ kind: "EMBEDDING", modelVersionId: ids.version, sha256, inputIds });
    expect(made).toMatchObject({
      rows,
      columns: 6,
      modelVersion: { name: "v1.0" },
      visionLanguageModel: null,
    });
    const stored = await api.artifactStore.read(String(made.artifactSha256));
    expect(stored.readFloatLE(stored.length - 4 * 6 * rows)).toBe(rows - 1);
    expect(await add({ kind: "EMBEDDING", modelVersionId: ids.version, sha256 })).toMatchObject({
      __typename: "ConflictError",
    });
    expect(
      (
        await add({
          kind: "EMBEDDING",
          modelVersionId: encodeGlobalID("ModelVersion", world.modelVersionIds[1]),
          sha256,
          inputIds: inputIds.slice(1),
        })
      ).issues,
    ).toMatchObject([{ field: "input.inputIds" }]);
  });

  test("says what does not fit", async () => {
    const six = await api.upload(world.projectId, numbers(6));
    expect(
      (await add({ kind: "LOGITS", modelVersionId: ids.version, sha256: six })).issues[0].message,
    ).toMatch(/6 columns; it needs 3/);
    expect((await add({ kind: "LOGITS", sha256: six })).issues).toMatchObject([
      { field: "input.modelVersionId" },
    ]);
    expect(
      (await add({ kind: "IMAGE_EMBEDDING", modelVersionId: ids.version, sha256: six })).issues,
    ).toMatchObject([{ field: "input.visionLanguageModelId" }]);
    const few = await api.upload(world.projectId, encodeNpy(matrix(3, 6)));
    expect(
      (await add({ kind: "IMAGE_EMBEDDING", visionLanguageModelId: ids.vlm, sha256: few })).issues[0].message,
    ).toMatch(/3 rows; there are 180 inputs/);
  });
});

describe("runs", () => {
  const start = (input: object = {}) =>
    mutate(
      "startRun",
      {
        modelVersionId: ids.version,
        visionLanguageModelId: ids.vlm,
        conceptSetId: ids.conceptSet,
        datasetId: ids.dataset,
        ...input,
      },
      "... on Run { id name status seed configuration { similarity falseAlarmRate ridgePenalty shardSize } report { inputs } }",
    );
  const change = async (name: string, id: Data | string) =>
    (
      await api.graphql(
        `mutation($id: ID!) { ${name}(id: $id) { __typename ... on Run { status } ... on ConflictError { message } ... on NotFoundError { field } } }`,
        { id },
      )
    ).data[name];

  test("say at once what would make them fail", async () => {
    const missing = await start();
    const fields = (missing.issues as unknown as { field: string; message: string }[])
      .map(({ message }) => message)
      .join("\n");
    expect(missing.__typename).toBe("ValidationError");
    expect(fields).toMatch(/"photos" has no logits: .*addEmbeddingSet/);
    expect(fields).toMatch(/"photos" has no VLM image embeddings/);
    expect(fields).toMatch(/no text embeddings were brought for 6 of 6 phrases/);
  });

  test("start with their configuration, are cancelled and begin again; jobs and rows change together", async () => {
    const npy = (rows: number, columns: number) =>
      api.upload(world.projectId, encodeNpy(matrix(rows, columns, new Float32Array(rows * columns).fill(1))));
    await mutate(
      "addEmbeddingSet",
      { datasetId: ids.dataset, kind: "LOGITS", modelVersionId: ids.version, sha256: await npy(180, 3) },
      "",
    );
    await mutate(
      "addEmbeddingSet",
      {
        datasetId: ids.dataset,
        kind: "IMAGE_EMBEDDING",
        visionLanguageModelId: ids.vlm,
        sha256: await npy(180, 6),
      },
      "",
    );
    await mutate(
      "addPhraseEmbeddings",
      { visionLanguageModelId: ids.vlm, phrases: axis, sha256: await npy(6, 6) },
      "",
    );
    const run = await start({
      configuration: { seed: 7, similarity: "COSINE", shardSize: null },
      idempotencyKey: "run-1",
    });
    expect(run).toMatchObject({
      __typename: "Run",
      status: "QUEUED",
      seed: 7,
      name: "classifier v1.0 on photos",
      configuration: { similarity: "COSINE", falseAlarmRate: 0.05, ridgePenalty: null, shardSize: 512 },
      report: null,
    });
    expect(
      (
        await start({
          configuration: { seed: 7, similarity: "COSINE", shardSize: null },
          idempotencyKey: "run-1",
        })
      ).id,
    ).toBe(run.id);
    expect((await start({ configuration: { seed: -1, shardSize: 1 } })).issues).toMatchObject([
      { field: "input.configuration.seed" },
      { field: "input.configuration.shardSize" },
    ]);

    expect(await change("retryRun", run.id)).toMatchObject({ __typename: "ConflictError" });
    expect(await change("cancelRun", run.id)).toMatchObject({ status: "CANCELLED" });
    expect(await change("cancelRun", run.id)).toMatchObject({ __typename: "ConflictError" });
    expect(await change("retryRun", run.id)).toMatchObject({ status: "QUEUED" });
    expect(await change("retryRun", "nonsense")).toEqual({ __typename: "NotFoundError", field: "id" });
    const { rows } = await api.database.pool.query<{ payload: { attempt: number } }>(
      `SELECT payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id WHERE t.identifier = 'plan-run' ORDER BY j.id`,
    );
    expect(rows.map(({ payload }) => payload.attempt)).toEqual([1, 2]);
    const listed = await api.graphql(
      'query($v: ID!) { project(slug: "writing") { runs(status: QUEUED, modelVersionId: $v) { totalCount } none: runs(status: FAILED) { totalCount } } }',
      { v: ids.version },
    );
    expect(listed.data.project).toEqual({ runs: { totalCount: 1 }, none: { totalCount: 0 } });

    const paper = await start({ configuration: { falseAlarmRate: null }, name: "by the paper's rule" });
    expect(paper.configuration).toMatchObject({ falseAlarmRate: null });
  });

  test("refuse a dataset with a class that the model does not have", async () => {
    const foreign = await api.database.prisma.dataset.create({
      data: {
        projectId: world.projectId,
        name: "foreign",
        classes: ["truck", "boat"],
        status: "READY",
        inputCount: 0,
      },
    });
    const refused = await start({ datasetId: encodeGlobalID("Dataset", foreign.id) });
    expect(refused.issues[0]).toMatchObject({
      field: "input.datasetId",
      message: expect.stringContaining('no class "boat"'),
    });
  });

  test("tell their progress as it is committed, until they end", async () => {
    const { id } = await api.database.prisma.run.findFirstOrThrow({
      where: { status: "QUEUED", projectId: world.projectId },
    });
    const response = await fetch(`${api.url}/graphql/stream`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        authorization: `Bearer ${api.admin}`,
      },
      body: JSON.stringify({
        query: "subscription($id: ID!) { runProgress(id: $id) { status stage } }",
        variables: { id: encodeGlobalID("Run", id) },
      }),
    });
    expect(response.status).toBe(200);
    const events: string[] = [];
    const set = async (status: "RUNNING" | "FAILED") => {
      await api.database.prisma.run.update({ where: { id }, data: { status, stage: "EMBED" } });
      await api.database.pool.query("SELECT pg_notify('faultline_run', $1)", [id]);
    };
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const text = Buffer.from(chunk).toString();
      events.push(...[...text.matchAll(/"status":"(\w+)"/g)].map(([, status]) => status));
      if (events.at(-1) === "QUEUED") await set("RUNNING");
      if (events.at(-1) === "RUNNING") await set("FAILED");
    }
    expect(events).toEqual(["QUEUED", "RUNNING", "FAILED"]);
  });

  test("tell nobody their progress who has no token", async () => {
    const response = await fetch(`${api.url}/graphql/stream`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ query: `subscription { runProgress(id: "x") { status } }` }),
    });
    const text = await response.text();
    expect(text).toContain("UNAUTHENTICATED");
    expect(text).not.toContain('"status":"');
  });
});

describe("detectors", () => {
  let run: string;
  beforeAll(async () => {
    run = encodeGlobalID("Run", (await finishRun(api, world, { seed: 4 })).id);
  });
  const selection =
    "... on Detector { id name version similarity falseAlarmRate threshold publishedAt artifactUrl artifactSha256 run { id } checks { totalCount } }";
  const publish = (input: object) =>
    mutate("publishDetector", { runId: run, name: "guard", ...input }, selection);

  test("are published in versions, with the rule that is asked for", async () => {
    expect(await publish({})).toMatchObject({
      __typename: "Detector",
      version: 1,
      similarity: "LOG_LIKELIHOOD_RATIO",
      falseAlarmRate: 0.2,
      run: { id: run },
    });
    expect(await publish({ similarity: "COSINE", falseAlarmRate: null })).toMatchObject({
      version: 2,
      similarity: "COSINE",
      falseAlarmRate: null,
      threshold: 0,
    });
    expect(await publish({ threshold: 1.5 })).toMatchObject({
      version: 3,
      threshold: 1.5,
      falseAlarmRate: null,
    });
    expect((await publish({ threshold: 1, falseAlarmRate: 0.1 })).issues).toMatchObject([
      { field: "input.threshold" },
    ]);
    expect((await publish({ falseAlarmRate: 1 })).issues).toMatchObject([{ field: "input.falseAlarmRate" }]);
    expect(await publish({ runId: project })).toMatchObject({
      __typename: "NotFoundError",
      field: "input.runId",
    });
    const seen = await api.graphql(
      '{ project(slug: "writing") { detector(name: "guard") { version } detectors(published: true) { totalCount } } }',
    );
    expect(seen.data.project).toEqual({ detector: { version: 3 }, detectors: { totalCount: 3 } });
  });

  test("check embeddings at once, and store verdicts if asked", async () => {
    const detector = await publish({ name: "checker", falseAlarmRate: null });
    const check = (inputs: object[], store = false, token?: string) =>
      mutate(
        "checkInputs",
        { detectorId: detector.id, inputs, store },
        "... on CheckedInputs { stored verdicts { externalId predictedClass verdict score threshold pooledReference concepts } }",
        token,
      );
    const inputs = [
      { externalId: "one", embedding: [1, 0, 0, 0, 0, 0], predictedClass: "truck" },
      { externalId: "two", embedding: [0, 1, 0, 0, 0.5, 0], predictedClass: "plane" },
    ];
    const reader = await api.token(["READ"], world.projectId);
    const checked = await check(inputs, false, reader);
    expect(checked).toMatchObject({
      stored: false,
      verdicts: [{ externalId: "one", predictedClass: "truck", threshold: 0 }, { externalId: "two" }],
    });
    const [{ verdict, score }] = checked.verdicts as unknown as { verdict: string; score: number }[];
    expect(verdict).toBe(score > 0 ? "DEFECT" : "OK");
    expect(await check(inputs, true, reader)).toEqual({
      __typename: "ForbiddenError",
      requiredScope: "WRITE",
    });
    expect(await check(inputs, true)).toMatchObject({ stored: true });
    const stored = await api.graphql(
      "query($id: ID!) { node(id: $id) { ... on Detector { checks { totalCount edges { node { externalId predictedClass verdict score createdAt } } } } } }",
      { id: detector.id },
    );
    expect(stored.data.node.checks).toMatchObject({
      totalCount: 2,
      edges: [{ node: { externalId: "two", predictedClass: "plane" } }, {}],
    });

    const cases: [object[], string][] = [
      [[], "input.inputs"],
      [Array.from({ length: 257 }, () => inputs[0]), "input.inputs"],
      [[{ externalId: "x", embedding: [1], predictedClass: "truck" }], "input.inputs.0.embedding"],
      [
        [inputs[0], { externalId: "x", embedding: [1, 0, 0, 0, 0, 0], predictedClass: "boat" }],
        "input.inputs.1.predictedClass",
      ],
      [[{ externalId: "x", embedding: [1, 0, 0, 0, 0, 0] }], "input.inputs.0.predictedClass"],
      [[{ externalId: "x" }], "input.inputs.0.embedding"],
      [[{ externalId: "x", imageBase64: "aGFsbG8=" }], "input.inputs.0.imageBase64"],
    ];
    for (const [bad, field] of cases) expect((await check(bad)).issues[0], field).toMatchObject({ field });
  });

  test("check pictures where the model is registered with ONNX", async () => {
    const { prisma } = api.database;
    const encoderSha256 = await api.upload(world.projectId, modelBytes(encoderGraph(8, 6, 6)));
    const headSha256 = await api.upload(world.projectId, modelBytes(headGraph(6, 3)));
    const version = await prisma.modelVersion.create({
      data: {
        modelId: world.modelId,
        name: "pictures",
        classes,
        embeddingWidth: 6,
        encoderSha256,
        headSha256,
        preprocessing,
      },
    });
    const seen = await finishRun(api, { ...world, modelVersionIds: [version.id] }, { seed: 5 });
    const detector = await publish({ runId: encodeGlobalID("Run", seen.id), name: "pictures" });
    const picture = await sharp({ create: { width: 8, height: 6, channels: 3, background: "#4080c0" } })
      .png()
      .toBuffer();
    const check = (imageBase64: string) =>
      mutate(
        "checkInputs",
        { detectorId: detector.id, inputs: [{ externalId: "p", imageBase64 }] },
        "... on CheckedInputs { verdicts { predictedClass verdict } }",
      );
    const { verdicts } = await check(picture.toString("base64"));
    expect(classes).toContain(verdicts[0].predictedClass);
    expect((await check(Buffer.from("no picture").toString("base64"))).issues).toMatchObject([
      { field: "input.inputs.0.imageBase64" },
    ]);
  });
});

describe("specifications and views", () => {
  test("are saved by name; the grammar is checked", async () => {
    const input = {
      projectId: project,
      name: "wheels",
      text: "predicted(truck) => strength(wheels) > strength(wings)",
    };
    expect(await mutate("saveSpecification", input, "... on Specification { name text }")).toMatchObject({
      name: "wheels",
    });
    expect(await mutate("saveSpecification", input, "")).toMatchObject({
      __typename: "ConflictError",
      field: "input.name",
    });
    const broken = await mutate(
      "saveSpecification",
      { ...input, name: "broken", text: "predicted(truck =>" },
      "",
    );
    expect(broken.issues).toMatchObject([
      {
        field: "input.text",
        message: expect.stringMatching(/^Expected /),
        position: { offset: 16, line: 1, column: 17 },
      },
    ]);
    expect(broken.message).toMatch(/^input\.text, line 1, column 17: Expected /);
  });

  test("are checked on a run, with counterexamples", async () => {
    const run = await finishRun(api, world, { seed: 6 });
    const check = async (text: string) =>
      (
        await api.graphql(
          `query($id: ID!, $text: String!) { node(id: $id) { ... on Run { checkSpecification(text: $text) {
            ... on SpecificationCheck { inputs applicable satisfied share { value } verification verificationReason counterexamples { externalId } }
            ... on ValidationError { issues { field message position { line column } } } } } } }`,
          { id: encodeGlobalID("Run", run.id), text },
        )
      ).data.node.checkSpecification;
    const result = await check("predicted(truck) => strength(wheels) > strength(wings)");
    const trucks = run.verdicts.filter(({ predictedClass }) => predictedClass === 0);
    const holds = trucks.filter(
      (v) => run.strengths.data[v.position * 6] > run.strengths.data[v.position * 6 + 1],
    );
    expect(result).toMatchObject({
      inputs: 120,
      applicable: trucks.length,
      satisfied: holds.length,
      verification: "UNKNOWN",
    });
    const against = trucks.filter((v) => !holds.includes(v)).map(({ externalId }) => ({ externalId }));
    expect(result.counterexamples).toEqual(against.slice(0, 20));
    expect((await check("predicted(boat)")).issues).toMatchObject([
      { field: "text", message: expect.stringContaining("boat"), position: null },
    ]);
    expect((await check("predicted(truck)\n=> strength(")).issues).toMatchObject([
      { field: "text", position: { line: 2, column: 13 } },
    ]);
  });

  test("views are saved and deleted", async () => {
    const input = { projectId: project, name: "defects", query: "?verdict=DEFECT" };
    const view = await mutate("saveView", input, "... on SavedView { id query }");
    expect(view.query).toBe("?verdict=DEFECT");
    expect(await mutate("saveView", input, "")).toMatchObject({ __typename: "ConflictError" });
    const remove =
      "mutation($id: ID!) { deleteView(id: $id) { ... on DeletedNode { id } ... on NotFoundError { field } } }";
    expect((await api.graphql(remove, { id: view.id })).data.deleteView).toEqual({ id: view.id });
    expect((await api.graphql(remove, { id: view.id })).data.deleteView).toEqual({ field: "id" });
  });
});
