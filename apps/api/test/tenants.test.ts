// The tenant border, driven by the schema: whatever takes an id is asked for existing things of another project, by
// everybody who must not have them. A new argument, kind of node or route without an entry here fails; mutations have
// a file of their own.
import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType, isRequiredArgument } from "graphql";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { nodeTypes } from "../src/access/reach.ts";
import { schema } from "../src/schema.ts";
import type { ApiUnderTest } from "./api-under-test.ts";
import { everything } from "./full-project.ts";
import { type Border, expectBorder, first, type Ids, objectType, startBorder } from "./tenant-border.ts";

// Each asks for many things on behalf of many.
vi.setConfig({ testTimeout: 180_000 });

let border: Border;
let api: ApiUnderTest;
let theirs: Ids;
let own: Ids;
beforeAll(async () => {
  border = await startBorder();
  ({ api, theirs, own } = border);
});
afterAll(() => api.close());

const graphql = (query: string, variables: object, secret: string | null) =>
  api.graphql(query, variables, secret);

/** Every leaf of a type that can be asked for without arguments. */
function leaves(type: GraphQLObjectType): string {
  return Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)) && !field.args.some(isRequiredArgument))
    .map(({ name }) => name)
    .join(" ");
}

describe("nodes", () => {
  test("of every kind are there to be asked for", () => {
    for (const kind of nodeTypes) expect(theirs.byKind[kind]?.length, kind).toBeGreaterThan(0);
    expect(Object.keys(theirs.byKind).sort()).toEqual([...nodeTypes].sort());
  });

  test.each(nodeTypes)("%s: none of another project, by its id", async (kind) => {
    const fields = `__typename ... on ${kind} { ${leaves(objectType(kind))} }`;
    for (let i = 0; i < theirs.byKind[kind].length; i++) {
      await expectBorder(border, (ids, secret) =>
        graphql(`query($id: ID!) { node(id: $id) { ${fields} } }`, { id: ids.byKind[kind][i] }, secret),
      );
    }
    // Alone, and on either side of what the stranger may have: the own one must come back, and in its place.
    const mine = first(own, kind);
    for (const around of [
      (id: string) => [id],
      (id: string) => [mine, id],
      (id: string) => [id, mine],
      (id: string) => [id, id, mine, id],
    ]) {
      const asked = (ids: Ids, secret: string | null) =>
        graphql(
          `query($ids: [ID!]!) { nodes(ids: $ids) { id ${fields} } }`,
          { ids: around(first(ids, kind)) },
          secret,
        );
      await expectBorder(border, asked);
      const { data } = await asked(theirs, border.strangers["ADMIN of another project"]);
      expect(data).toEqual({
        nodes: around(first(theirs, kind)).map((id) =>
          id === mine ? expect.objectContaining({ id }) : null,
        ),
      });
    }
  });
});

/** Fields but for mutations that take an id or slug: how each is asked. */
const queries: Record<string, (ids: Ids) => [string, object]> = {
  "Query.node(id)": (ids) => ["query($id: ID!) { node(id: $id) { id } }", { id: first(ids, "Run") }],
  "Query.nodes(ids)": (ids) => [
    "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    { ids: [first(ids, "Run")] },
  ],
  "Query.project(slug)": (ids) => [
    `query($slug: String!) { project(slug: $slug) { ${leaves(objectType("Project"))} runs { totalCount } } }`,
    { slug: ids.slug },
  ],
  "Query.compareRuns(ids)": (ids) => [
    "query($ids: [ID!]!) { compareRuns(ids: $ids) { __typename ... on Error { message } } }",
    { ids: ids.byKind.Run.slice(0, 2) },
  ],
  "Query.faultReport(runId)": (ids) => [
    "query($id: ID!) { faultReport(runId: $id) { inputs resultSha256 } }",
    { id: first(ids, "Run") },
  ],
  "Query.verdict(runId)": (ids) => [
    'query($id: ID!) { verdict(runId: $id, externalId: "photo-60") { score } }',
    { id: first(ids, "Run") },
  ],
  "Query.verdicts(runId)": (ids) => [
    "query($id: ID!) { verdicts(runId: $id, first: 1) { totalCount } }",
    { id: first(ids, "Run") },
  ],
  "Project.runs(modelVersionId)": (ids) => [
    `query($id: ID!) { projects { edges { node { runs(modelVersionId: $id) { totalCount } } } } }`,
    { id: first(ids, "ModelVersion") },
  ],
  "Project.runs(datasetId)": (ids) => [
    `query($id: ID!) { projects { edges { node { runs(datasetId: $id) { totalCount } } } } }`,
    { id: first(ids, "Dataset") },
  ],
};

describe("queries", () => {
  test("that take an id or slug all have an entry", () => {
    const found = Object.values(schema.getTypeMap())
      .filter((type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith("__"))
      .filter(({ name }) => name !== "Mutation" && name !== "Subscription")
      .flatMap((type) =>
        Object.values(type.getFields()).flatMap((field) =>
          field.args
            .filter((arg) => getNamedType(arg.type).name === "ID" || arg.name === "slug")
            .map((arg) => `${type.name}.${field.name}(${arg.name})`),
        ),
      );
    expect(found.sort()).toEqual(Object.keys(queries).sort());
  });

  test.each(Object.keys(queries))("%s tells nothing of another project", async (name) => {
    await expectBorder(border, (ids, secret) => graphql(...queries[name](ids), secret));
  });
});

describe("subscriptions", () => {
  const subscriptions: Record<string, string> = { runProgress: "Run" };

  const subscribe = async (name: string, id: string, secret: string | null): Promise<string> => {
    const response = await fetch(`${api.url}/graphql/stream`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      },
      body: JSON.stringify({
        query: `subscription($id: ID!) { ${name}(id: $id) { id name status } }`,
        variables: { id },
      }),
    });
    return response.text();
  };

  test("all have an entry", () => {
    expect(Object.keys(objectType("Subscription").getFields())).toEqual(Object.keys(subscriptions));
  });

  test.each(Object.entries(subscriptions))("%s tells nothing of another project", async (name, kind) => {
    await expectBorder(border, (ids, secret) => subscribe(name, first(ids, kind), secret));
    expect(await subscribe(name, first(theirs, kind), border.owner)).toContain("SUCCEEDED");
  });
});

/** Routes with a parameter: method and path of a request for something. */
const routes: Record<string, ((ids: Ids) => [string, string, Record<string, string>?])[]> = {
  "/inputs/:id/image": [
    (ids) => ["GET", `/inputs/${first(ids, "Input")}/image`],
    (ids) => ["GET", `/inputs/${first(ids, "Input")}/image?size=64`],
  ],
  "/inputs/:id/difference": [(ids) => ["GET", `/inputs/${first(ids, "Input")}/difference`]],
  "/runs/:id/verdicts.ndjson": [(ids) => ["GET", `/runs/${first(ids, "Run")}/verdicts.ndjson`]],
  "/runs/:id/verdicts.csv": [(ids) => ["GET", `/runs/${first(ids, "Run")}/verdicts.csv`]],
  "/runs/:id/verdicts.parquet": [(ids) => ["GET", `/runs/${first(ids, "Run")}/verdicts.parquet`]],
  "/detectors/:id/artifact.json": [(ids) => ["GET", `/detectors/${first(ids, "Detector")}/artifact.json`]],
  "/uploads/:sha256": [
    // In their project, and theirs in one's own.
    ...["HEAD", "PUT", "DELETE"].map(
      (method) => (ids: Ids) =>
        [method, `/uploads/${ids.sha256}`, { "x-faultline-project": ids.slug }] as [
          string,
          string,
          Record<string, string>,
        ],
    ),
    (ids) => ["HEAD", `/uploads/${ids.sha256}`],
  ],
};

/** Of the answers of uploads the owner's DELETE alone is the same, be there an upload or not. */
async function answerOf(
  [method, path, headers]: [string, string, Record<string, string>?],
  secret: string | null,
) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { ...headers, ...(secret === null ? {} : { authorization: `Bearer ${secret}` }) },
  });
  const body = Buffer.from(await response.arrayBuffer());
  const { status } = response;
  const kept = [
    "content-type",
    "content-length",
    "etag",
    "content-disposition",
    "upload-offset",
    "cache-control",
  ];
  return {
    status,
    headers:
      status >= 400
        ? kept.map((name) => response.headers.get(name) !== null && name)
        : kept.map((name) => response.headers.get(name)),
    body: body.toString("latin1").replace(/"requestId":"[^"]*"/g, ""),
  };
}

describe("routes", () => {
  test("with a parameter all have an entry", () => {
    const printed = api.routes.split("\n").flatMap((line) => /(\/\S*:\S*)/.exec(line)?.[1] ?? []);
    expect([...new Set(printed)].sort()).toEqual(Object.keys(routes).sort());
  });

  const asked = Object.entries(routes).flatMap(([route, requests]) =>
    requests.map((request, i) => [`${route} (${i + 1})`, request] as const),
  );
  test.each(asked)("%s gives nothing of another project", async (_name, request) => {
    await expectBorder(border, (ids, secret) => answerOf(request(ids), secret));
    for (const [name, secret] of Object.entries(border.strangers))
      expect((await answerOf(request(theirs), secret)).status, name).toBeGreaterThanOrEqual(400);
  });
});

test("afterwards nothing in the database has changed", async () => {
  expect(await everything(api)).toEqual(border.before);
});
