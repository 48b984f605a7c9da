import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "./api-under-test.ts";

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
