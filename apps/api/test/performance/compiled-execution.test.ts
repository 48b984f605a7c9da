import { ApolloServer } from "@apollo/server";
import { getDatamodel } from "@faultline/db";
import SchemaBuilder from "@pothos/core";
import Fastify from "fastify";
import { parse } from "graphql";
import { compileQuery, isCompiledQuery } from "graphql-jit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Access } from "../../src/access/access.ts";
import { closedByDefault } from "../../src/closed-by-default.ts";
import type { Context } from "../../src/context.ts";
import { createGraphqlServer } from "../../src/graphql-server.ts";
import { measureDocument } from "../../src/limits/document-limits.ts";
import { compiledExecution } from "../../src/performance/compiled-execution.ts";
import { schema } from "../../src/schema.ts";
import { type ApiUnderTest, startApiUnderTest } from "../api-under-test.ts";
import { clientOperations } from "../client-operations.ts";

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApiUnderTest();
});
afterAll(() => api.close());

test("an operation is interpreted at first and compiled when it comes again; both answer alike", async () => {
  const patient = await startApiUnderTest({ interpreted: 1 });
  try {
    const query = `query($slug: String!, $first: Int!) { viewer { token { name scopes createdAt lastUsedAt } }
      project(slug: $slug) { name } projects(first: $first) { totalCount edges { cursor node { slug } } pageInfo { hasNextPage } } }`;
    await patient.graphql(
      `mutation { createProject(input: {slug: "one", name: "ä \\u2028 \\" <"}) { __typename } }`,
    );
    const ask = () => patient.graphql(query, { slug: "one", first: 1 });
    await patient.graphql("{ viewer { token { lastUsedAt } } }");
    const [first, ...later] = [await ask(), await ask(), await ask()];
    expect(first.data.project.name).toBe('ä \u2028 " <');
    expect(later).toEqual([first, first]);
    const failing = () => patient.graphql('{ verdict(runId: "x", externalId: "a") { score } }');
    const [interpreted, compiled] = [await failing(), await failing()];
    for (const { errors } of [interpreted, compiled])
      expect(errors).toMatchObject([{ path: ["verdict"], extensions: { code: "NOT_FOUND" } }]);
  } finally {
    await patient.close();
  }
});

describe("compiled operations", () => {
  test("keep aliases, fragments, and what @include and @skip say, with the variables of each request", async () => {
    const query = `query($named: Boolean!) { viewer { ...Who again: token { scopes @skip(if: $named) } } }
      fragment Who on Viewer { token { name @include(if: $named) } project { slug } }`;
    for (const named of [true, false, true])
      expect((await api.graphql(query, { named })).data).toEqual({
        viewer: {
          token: named ? { name: "ADMIN" } : {},
          project: null,
          again: named ? {} : { scopes: ["ADMIN"] },
        },
      });
  });

  test("name a missing variable as the client's fault, and take the defaults of required input fields", async () => {
    const missing = await api.graphql("query($slug: String!) { project(slug: $slug) { name } }");
    expect(missing.errors?.[0]).toMatchObject({
      message: expect.stringContaining('"$slug"'),
      extensions: { code: "BAD_USER_INPUT" },
    });
    // `store` is required and has a default.
    const check = `mutation($input: CheckInputsInput!) { checkInputs(input: $input) {
      ... on NotFoundError { field } ... on ValidationError { issues { field } } } }`;
    const checked = await api.graphql(check, {
      input: { detectorId: "none", inputs: [{ externalId: "a", embedding: [1], predictedClass: "car" }] },
    });
    expect(checked.data.checkInputs).toEqual({ field: "input.detectorId" });
  });

  test("are chosen by name", async () => {
    const ask = async (operationName: string) => {
      const response = await fetch(`${api.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${api.admin}` },
        body: JSON.stringify({
          query: "query A { a: __typename } query B { b: __typename }",
          operationName,
        }),
      });
      return (await response.json()) as object;
    };
    expect(await ask("A")).toEqual({ data: { a: "Query" } });
    expect(await ask("B")).toEqual({ data: { b: "Query" } });
    expect(await ask("C")).toMatchObject({
      errors: [{ extensions: { code: "OPERATION_RESOLUTION_FAILURE" } }],
    });
  });

  test("tell where an error lies", async () => {
    const { data, errors } = await api.graphql(
      'query { verdict(runId: "UnVuOm5vbmU=", externalId: "a") { score } }',
    );
    expect(data.verdict).toBeNull();
    expect(errors).toMatchObject([
      { path: ["verdict"], locations: [{ line: 1, column: 9 }], extensions: { code: "NOT_FOUND" } },
    ]);
  });

  test("do not let names of the client's reach into JavaScript", async () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const { data } = await api.graphql(`{ ${name}: __typename after: __typename }`);
      expect(data.after).toBe("Query");
      expect(({} as { after?: string }).after).toBeUndefined();
    }
  });
});

describe("which operations are compiled", () => {
  let interpretations = 0;
  const fastify = Fastify();
  const server = createGraphqlServer(
    fastify,
    { introspection: "token", interpreted: 1 },
    // Apollo starts an execution of its own only where nothing compiled has answered.
    {
      requestDidStart: async () => ({
        executionDidStart: async () => {
          interpretations++;
        },
      }),
    },
  );
  beforeAll(() => server.start());
  afterAll(async () => {
    await server.stop();
    await fastify.close();
  });
  const interpretationsOf = async (query: string, times: number) => {
    interpretations = 0;
    const token = await api.database.prisma.apiToken.findFirstOrThrow();
    const contextValue = {
      access: new Access(token),
      log: fastify.log,
      requestId: "test",
      values: new Map(),
      signal: new AbortController().signal,
      ...api.database,
    };
    for (let i = 0; i < times; i++) {
      const { body } = await server.executeOperation({ query }, { contextValue: contextValue as never });
      expect(body.kind === "single" && body.singleResult.errors).toBeFalsy();
    }
    return interpretations;
  };

  test("those that come again: after the first time nothing is interpreted", async () => {
    expect(await interpretationsOf("{ viewer { token { name } } }", 4)).toBe(1);
    expect(await interpretationsOf("{ projects { totalCount edges { node { slug name } } } }", 4)).toBe(1);
  });

  test("not what is large, nor the schema", async () => {
    const large = `{ viewer { token { ${Array.from({ length: 600 }, (_, i) => `a${i}: name`).join(" ")} } } }`;
    expect(await interpretationsOf(large, 3)).toBe(3);
    expect(await interpretationsOf("{ __schema { queryType { name } } }", 3)).toBe(3);
  });

  test("all that the dashboard, the command line and the examples send can be compiled", () => {
    const operations = clientOperations();
    expect(operations.length).toBeGreaterThan(50);
    for (const { name, source } of operations) {
      const document = parse(source);
      if (source.startsWith("subscription")) continue;
      expect(isCompiledQuery(compileQuery(schema, document)), name).toBe(true);
      expect(measureDocument(document).selections, name).toBeLessThanOrEqual(500);
    }
  });
});

test("a property below a field that someone opened is refused to who has no token, whoever executes", async () => {
  const builder = new SchemaBuilder<{ Context: Context }>({
    plugins: [closedByDefault],
    scopeAuth: { authScopes: () => ({}) },
    prisma: { client: api.database.prisma, dmmf: getDatamodel() },
  });
  const Safe = builder.objectRef<{ secret: string }>("Safe").implement({
    fields: (t) => ({ secret: t.exposeString("secret") }),
  });
  builder.queryType({
    fields: (t) => ({
      safe: t.field({ type: Safe, skipTypeScopes: true, resolve: () => ({ secret: "x" }) }),
    }),
  });
  const own = builder.toSchema();
  const { plugin } = compiledExecution(own, 1, (errors) => errors.map((error) => error.toJSON()));
  const server = new ApolloServer<Context>({ schema: own, plugins: [plugin] });
  await server.start();
  try {
    const ask = async (access: Access) => {
      const contextValue = { access, signal: new AbortController().signal } as Context;
      const { body } = await server.executeOperation({ query: "{ safe { secret } }" }, { contextValue });
      return body.kind === "single" && body.singleResult;
    };
    const reader = new Access(await api.database.prisma.apiToken.findFirstOrThrow());
    for (let time = 0; time < 3; time++) {
      expect(await ask(reader)).toEqual({ data: { safe: { secret: "x" } } });
      expect(await ask(new Access(null))).toMatchObject({
        errors: [{ path: ["safe", "secret"], extensions: { code: "UNAUTHENTICATED" } }],
      });
    }
  } finally {
    await server.stop();
  }
});
