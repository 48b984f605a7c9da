// Generated operations over HTTP, on a real API and database, at both doors.
import { matrix } from "@faultline/core";
import { encodeNpy } from "@faultline/inference";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../apps/api/src/schema.ts";
import { type ApiUnderTest, startApiUnderTest } from "../../apps/api/test/api-under-test.ts";
import { asked, timeoutOf } from "./fuzz-suite.ts";
import { FuzzFailure } from "./fuzz-target.ts";
import { type Operation, operations } from "./graphql-operations.ts";

const cases = asked.cases ?? 2000;
const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString("base64");

describe("fuzz", () => {
  let api: ApiUnderTest;
  let ids: string[];
  const answers = { data: 0, errors: 0, subscriptions: 0 };

  beforeAll(async () => {
    api = await startApiUnderTest();
    const { prisma } = api.database;
    const project = await prisma.project.create({ data: { slug: "fuzz", name: "Fuzz" } });
    const model = await prisma.model.create({ data: { projectId: project.id, name: "m" } });
    const version = await prisma.modelVersion.create({
      data: { modelId: model.id, name: "v1", classes: ["cat", "dog"], embeddingWidth: 2 },
    });
    const vlm = await prisma.visionLanguageModel.create({
      data: { projectId: project.id, name: "vlm", embeddingWidth: 2 },
    });
    const dataset = await prisma.dataset.create({
      data: { projectId: project.id, name: "d", classes: ["cat", "dog"], status: "READY", inputCount: 1 },
    });
    const input = await prisma.input.create({
      data: { datasetId: dataset.id, position: 0, externalId: "a", split: "TEST", label: 0 },
    });
    const concepts = await prisma.conceptSet.create({
      data: {
        projectId: project.id,
        name: "c",
        version: 1,
        templates: ["{}"],
        concepts: { create: ["fur", "tail"].map((phrase, position) => ({ phrase, position })) },
      },
    });
    const run = await prisma.run.create({
      data: {
        projectId: project.id,
        name: "r",
        modelVersionId: version.id,
        visionLanguageModelId: vlm.id,
        conceptSetId: concepts.id,
        datasetId: dataset.id,
        configuration: {},
        seed: 1,
      },
    });
    await api.upload(project.id, encodeNpy(matrix(1, 2)));
    ids = [
      globalId("Project", project.id),
      globalId("Model", model.id),
      globalId("ModelVersion", version.id),
      globalId("VisionLanguageModel", vlm.id),
      globalId("Dataset", dataset.id),
      globalId("Input", String(input.id)),
      globalId("ConceptSet", concepts.id),
      globalId("Run", run.id),
    ];
  });
  afterAll(() => api.close());

  it.runIf(asked.isWanted("graphql"))(
    `graphql: ${cases} operations of seed ${asked.seed}`,
    { timeout: timeoutOf(cases) },
    async () => {
      const result = await fc.check(
        // Not all at the stream: what is subscribed to goes on.
        fc.asyncProperty(operations(schema, ids), fc.nat(4), async (operation, door) =>
          door === 0 || operation.kind === "subscription" ? atTheStream(operation) : atGraphql(operation),
        ),
        { numRuns: cases, seed: asked.seed },
      );
      if (result.failed) {
        const [operation] = result.counterexample ?? [];
        throw new FuzzFailure(
          `graphql: case ${result.numRuns} of seed ${asked.seed}: ${String(result.errorInstance)}\n${operation?.text}`,
        );
      }
      // Operations that were all refused would find nothing. A fifth goes to the stream, which takes no queries.
      expect(answers.data).toBeGreaterThan(cases / 6);
      expect(answers.errors).toBeGreaterThan(cases / 50);
    },
  );

  async function ask(path: string, accept: string, text: string, signal?: AbortSignal): Promise<Response> {
    const response = await fetch(`${api.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept, authorization: `Bearer ${api.admin}` },
      body: JSON.stringify({ query: text }),
      signal,
    });
    if (response.status >= 500 && response.status !== 503)
      throw new FuzzFailure(`status ${response.status}: ${await response.text()}`);
    return response;
  }

  function judge(answer: string): void {
    const { data, errors } = JSON.parse(answer) as {
      data?: unknown;
      errors?: { message: string; extensions?: { code?: string } }[];
    };
    for (const { message, extensions } of errors ?? [])
      if (extensions?.code === undefined || extensions.code === "INTERNAL_SERVER_ERROR")
        throw new FuzzFailure(`an untyped error: ${message}`);
    if (errors) answers.errors++;
    else if (data) answers.data++;
  }

  async function atGraphql({ text }: Operation): Promise<void> {
    const before = process.cpuUsage();
    judge(await (await ask("/graphql", "application/json", text)).text());
    const { user, system } = process.cpuUsage(before);
    if (user + system > 1e6) throw new FuzzFailure(`it took ${(user + system) / 1000} ms of processor time`);
  }

  async function atTheStream({ kind, text }: Operation): Promise<void> {
    const ended = new AbortController();
    const response = await ask("/graphql/stream", "text/event-stream", text, ended.signal);
    if (kind === "subscription" && response.ok) {
      answers.subscriptions++;
      // It would go on; the first events come at once, if any.
      setTimeout(() => ended.abort(), 30);
    }
    const events = await response.text().catch(() => "");
    for (const [, event] of events.matchAll(/^data: (.+)$/gm)) judge(event);
  }
});
