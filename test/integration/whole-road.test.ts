// The whole road over HTTP: uploads, registration, a real worker, and every way to read what it found.
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { type Matrix, matrix, random } from "@faultline/core";
import { encodeNpy } from "@faultline/inference";
import { type RunningWorker, startWorker } from "@faultline/worker";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ApiUnderTest, type Data, startApiUnderTest } from "../../apps/api/test/api-under-test.ts";

const classes = ["truck", "car", "plane"];
const concepts = ["wheels", "wings", "metallic", "sky"];
const splits = { ALIGNMENT: 90, CALIBRATION: 120, TEST: 150 };
const width = 8;

let api: ApiUnderTest;
let worker: RunningWorker;
let project: string;
let runs: string[];

/** A little world in numbers: class directions in the VLM's space, a classifier that turns and blurs them. */
function world(seed: number) {
  const uniform = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const inputs = Object.entries(splits).flatMap(([split, count]) =>
    Array.from({ length: count }, (_, i) => ({ id: `${split}-${i}`, split, label: i % 3 })),
  );
  const rows = (fill: (label: number, column: number) => number, columns: number): Matrix =>
    matrix(
      inputs.length,
      columns,
      Float32Array.from({ length: inputs.length * columns }, (_, at) =>
        fill(inputs[Math.floor(at / columns)].label, at % columns),
      ),
    );
  return {
    inputs,
    imageEmbedding: rows((label, column) => (column === label ? 2 : 0) + 0.5 * normal(), width),
    // The same directions, one place further on, and noisier.
    embedding: rows((label, column) => (column === (label + 1) % 3 ? 2 : 0) + 0.8 * normal(), width),
    logits: rows((label, column) => (column === label ? 1 : 0) + 0.7 * normal(), classes.length),
    phrases: matrix(
      7,
      width,
      Float32Array.from({ length: 7 * width }, (_, at) =>
        at % width === Math.floor(at / width) % 3 ? 2 : 0.3 * normal(),
      ),
    ),
  };
}

async function ask(query: string, variables: object = {}): Promise<Data> {
  const { data, errors } = await api.graphql(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

/** Calls a mutation that must succeed. */
async function make(name: string, input: object, selection = "... on Node { id }"): Promise<Data> {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const issues = "... on ValidationError { issues { field message } }";
  const data = await ask(
    `mutation($input: ${type}!) { ${name}(input: $input) { ... on Error { message } ${issues} ${selection} } }`,
    { input },
  );
  expect(data[name]).not.toHaveProperty("message");
  return data[name];
}

async function upload(bytes: Uint8Array): Promise<string> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const response = await fetch(`${api.url}/uploads/${sha256}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${api.admin}`, "x-faultline-project": "road" },
    body: Buffer.from(bytes),
  });
  expect(response.status).toBe(201);
  return sha256;
}

/** Waits by subscription until the run ends. */
async function finish(id: string): Promise<string> {
  const response = await fetch(`${api.url}/graphql/stream`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${api.admin}`,
    },
    body: JSON.stringify({
      query: "subscription($id: ID!) { runProgress(id: $id) { status error } }",
      variables: { id },
    }),
  });
  const statuses = [...(await response.text()).matchAll(/"status":"(\w+)","error":(null|"[^"]*")/g)];
  return statuses.at(-1)?.slice(1).join(" ") ?? "no event";
}

beforeAll(async () => {
  api = await startApiUnderTest();
  worker = await startWorker({
    database: api.database,
    databaseUrl: api.database.url,
    artifactStore: api.artifactStore,
    concurrency: 2,
    threads: 1,
  });
  project = String((await make("createProject", { slug: "road", name: "The road" })).id);
  const model = await make("createModel", { projectId: project, name: "classifier" });
  const vlm = await make("registerVisionLanguageModel", {
    projectId: project,
    name: "clip",
    embeddingWidth: width,
  });
  const conceptSet = await make("createConceptSet", { projectId: project, name: "parts", phrases: concepts });
  const numbers = world(1);
  await make("addPhraseEmbeddings", {
    visionLanguageModelId: vlm.id,
    phrases: [...classes, ...concepts],
    sha256: await upload(encodeNpy(numbers.phrases)),
  });
  const lines = numbers.inputs.map(({ id, split, label }) =>
    JSON.stringify({ id, split: split.toLowerCase(), label: classes[label] }),
  );
  const dataset = await make("createDataset", {
    projectId: project,
    name: "numbers",
    classes,
    manifestSha256: await upload(Buffer.from(lines.join("\n"))),
  });
  await vi.waitFor(
    async () => {
      const status = "query($id: ID!) { node(id: $id) { ... on Dataset { status error } } }";
      expect((await ask(status, { id: dataset.id })).node).toEqual({ status: "READY", error: null });
    },
    { timeout: 20_000, interval: 100 },
  );
  await make("addEmbeddingSet", {
    datasetId: dataset.id,
    kind: "IMAGE_EMBEDDING",
    visionLanguageModelId: vlm.id,
    sha256: await upload(encodeNpy(numbers.imageEmbedding)),
  });
  runs = [];
  for (const [i, name] of ["v1", "v2"].entries()) {
    const version = await make("registerModelVersion", {
      modelId: model.id,
      name,
      classes,
      embeddingWidth: width,
    });
    const { embedding, logits } = world(10 + i);
    for (const [kind, values] of [
      ["EMBEDDING", embedding],
      ["LOGITS", logits],
    ] as const)
      await make("addEmbeddingSet", {
        datasetId: dataset.id,
        kind,
        modelVersionId: version.id,
        sha256: await upload(encodeNpy(values)),
      });
    const run = await make("startRun", {
      modelVersionId: version.id,
      visionLanguageModelId: vlm.id,
      conceptSetId: conceptSet.id,
      datasetId: dataset.id,
      configuration: { bootstrapReplicates: 100, minimumIncorrectInputs: 3, falseAlarmRate: 0.2 },
    });
    runs.push(String(run.id));
    expect(await finish(String(run.id))).toBe("SUCCEEDED null");
  }
});
afterAll(async () => {
  await worker.stop();
  await api.close();
});

interface Verdict {
  externalId: string;
  score: number;
  threshold: number;
  verdict: string;
  predictedClass: string;
  misclassified: boolean;
  explanation: { strengths: number[]; similarityToCorrect: number; similarityToIncorrect: number };
}

async function verdictsOf(run: string): Promise<Verdict[]> {
  const found: Verdict[] = [];
  let after: string | null = null;
  do {
    const { node } = await ask(
      `query($id: ID!, $after: String) { node(id: $id) { ... on Run { verdicts(first: 50, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
        externalId score threshold verdict predictedClass misclassified explanation { strengths similarityToCorrect similarityToIncorrect } } } } } } }`,
      { id: run, after },
    );
    const { edges, pageInfo } = node.verdicts;
    found.push(...(edges as unknown as { node: Verdict }[]).map(({ node: verdict }) => verdict));
    after = pageInfo.hasNextPage ? String(pageInfo.endCursor) : null;
  } while (after);
  return found;
}

describe("what the worker found, read over HTTP", () => {
  test("adds up: report, verdicts, heatmaps and export tell the same", async () => {
    const { node } = await ask(
      `query($id: ID!) { node(id: $id) { ... on Run { report { inputs labelled misclassified encoderFaults { count } headFaults { count } undecidedFaults { count } axis { phrase kind } }
        heatmap(kind: GROUND_TRUTH) { inputs values } verdicts { totalCount } wrong: verdicts(filter: {misclassified: true}) { totalCount } detectorMetrics { detector } } } }`,
      { id: runs[0] },
    );
    const { report } = node;
    const [encoder, head, undecided] = [report.encoderFaults, report.headFaults, report.undecidedFaults].map(
      ({ count }) => Number(count),
    );
    expect(report).toMatchObject({ inputs: splits.TEST, labelled: splits.TEST });
    expect(encoder + head + undecided).toBe(report.misclassified);
    expect(Number(report.misclassified)).toBeGreaterThan(5);
    expect(node).toMatchObject({
      heatmap: { inputs: splits.TEST },
      verdicts: { totalCount: splits.TEST },
      wrong: { totalCount: report.misclassified },
    });
    expect(report.axis).toHaveLength(concepts.length + classes.length);

    const response = await fetch(
      `${api.url}/runs/${encodeURIComponent(runs[0])}/verdicts.ndjson?misclassified=true`,
      {
        headers: { authorization: `Bearer ${api.admin}` },
      },
    );
    const body = Buffer.from(await response.arrayBuffer());
    const text = (body[0] === 0x1f ? gunzipSync(body) : body).toString().trim();
    expect(text.split("\n").map((line) => JSON.parse(line).externalId)).toEqual(
      (await verdictsOf(runs[0]))
        .filter(({ misclassified }) => misclassified)
        .map(({ externalId }) => externalId),
    );
  });

  test("is explained, published and checked to the bit", async () => {
    const verdicts = await verdictsOf(runs[0]);
    for (const { score, explanation } of verdicts)
      expect(explanation.similarityToIncorrect - explanation.similarityToCorrect).toBe(score);

    const detector = await make("publishDetector", { runId: runs[0], name: "guard" });
    const { inputs, embedding } = world(10);
    const sample = verdicts.slice(0, 40).map((verdict) => {
      const row = inputs.findIndex(({ id }) => id === verdict.externalId);
      return { verdict, embedding: Array.from(embedding.data.subarray(row * width, (row + 1) * width)) };
    });
    const checked = await make(
      "checkInputs",
      {
        detectorId: detector.id,
        inputs: sample.map(({ verdict, embedding }) => ({
          externalId: verdict.externalId,
          predictedClass: verdict.predictedClass,
          embedding,
        })),
      },
      "... on CheckedInputs { verdicts { externalId score threshold verdict predictedClass } }",
    );
    expect(checked.verdicts).toEqual(
      sample.map(({ verdict: { externalId, score, threshold, verdict, predictedClass } }) => ({
        externalId,
        score,
        threshold,
        verdict,
        predictedClass,
      })),
    );
    const artifact = await fetch(
      `${api.url}/detectors/${encodeURIComponent(String(detector.id))}/artifact.json`,
      {
        headers: { authorization: `Bearer ${api.admin}` },
      },
    );
    expect(await artifact.json()).toMatchObject({ kind: "faultline.detector", classes });
  });

  test("compares versions on the same inputs", async () => {
    const { compareRuns } = await ask(
      `query($ids: [ID!]!) { compareRuns(ids: $ids) { ... on RunComparison { differences { sharedInputs accuracyDifference { value }
        regressions(first: 100) { totalCount edges { node { externalId } } } fixes { totalCount } differentialHeatmap { minuendInputs } } } } }`,
      { ids: runs },
    );
    const [before, now] = await Promise.all(runs.map(verdictsOf));
    const regressions = now
      .filter((v, i) => v.misclassified && !before[i].misclassified)
      .map(({ externalId }) => externalId);
    const fixes = now.filter((v, i) => !v.misclassified && before[i].misclassified).length;
    const [difference] = compareRuns.differences as unknown as Record<string, Data>[];
    expect(difference).toMatchObject({
      sharedInputs: splits.TEST,
      fixes: { totalCount: fixes },
      differentialHeatmap: { minuendInputs: splits.TEST },
    });
    expect(
      (difference.regressions.edges as unknown as { node: { externalId: string } }[]).map(
        ({ node }) => node.externalId,
      ),
    ).toEqual(regressions);
    expect(difference.accuracyDifference.value).toBeCloseTo((fixes - regressions.length) / splits.TEST);
  });
});
