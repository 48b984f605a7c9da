// Finding 2: one request, without a token, stopped the API, by its cost before and while it was executed.
import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
beforeAll(async () => {
  target = await startHostileTarget();
});
afterAll(() => target.close());

const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(" ");

const everyField =
  "{ types { name description fields { name description args { name description } type { name fields { name } } } } }";
const everyType = `{ ${times(60, (i) => `t${i}: types { fields { args { name type { name } } type { fields { name } } } }`)} }`;

/** What the audit sent, and what its authors would try next. None of it may be executed. */
const attacks: Record<string, string> = {
  "104 KB of aliased introspection": `{ ${times(880, (i) => `a${i}: __schema ${everyField}`)} }`,
  "8 KB of aliased introspection": `{ ${times(66, (i) => `a${i}: __schema ${everyField}`)} }`,
  "introspection whose inner fields are aliased": `{ __schema ${everyType} }`,
  "introspection below a hundred types": `{ ${times(100, (i) => `t${i}: __type(name: "Query") { fields { name args { name type { name } } type { fields { name } } } }`)} }`,
  "one field, 9,000 times": `{ ${times(9000, () => "viewer")} }`,
  "one field with other fields in it, 2,000 times": `{ ${times(600, (i) => `projects(first: 1) { edges { node { a${i}: id } } }`)} }`,
  "__typename under 3,000 names": `{ ${times(3000, (i) => `a${i}: __typename`)} }`,
  "fragments that double each other": `{ viewer { token { ...f0 } } } ${times(
    99,
    (i) => `fragment f${i} on ApiToken { ...f${i + 1} ...f${i + 1} }`,
  )} fragment f99 on ApiToken { id }`,
  "fields that double each other by fragments": `{ projects { edges { node { ...f0 } } } } ${times(
    40,
    (i) => `fragment f${i} on Project { a: runs { edges { node { project { ...f${i + 1} } } } }
      b: runs { edges { node { project { ...f${i + 1} } } } } }`,
  )} fragment f40 on Project { id }`,
  "fragments in a ring": `{ viewer { token { ...f0 } } } fragment f0 on ApiToken { ...f1 }
    fragment f1 on ApiToken { ...f0 }`,
  "a selection 600 levels deep": `${"{ viewer ".repeat(600)}${"}".repeat(600)}`,
  "a list 900 levels deep": `{ nodes(ids: ${"[".repeat(900)}${"]".repeat(900)}) { id } }`,
  "a list 900,000 levels deep": `{ nodes(ids: ${"[".repeat(900_000)}`,
  "unknown fields, 1,900 of them": `{ ${times(1900, (i) => `progekts${i}`)} }`,
  "many operations, each with the same fragments": `${times(45, (i) => `query q${i} { viewer { token { ...f0 } } }`)} ${times(
    45,
    (i) => `fragment f${i} on ApiToken { ...f${i + 1} }`,
  )} fragment f45 on ApiToken { id }`,
  "a comma, 60,000 times": `{ viewer { token { id } } ${",".repeat(60_000)}`,
};

describe.each(Object.entries(attacks))("2: %s", (_name, query) => {
  test.each([
    ["/graphql", null],
    ["/graphql", "token"],
    ["/graphql/stream", null],
    ["/graphql/stream", "token"],
  ])("at %s with %s", { timeout: 300_000 }, async (door, who) => {
    const secret = who === null ? null : target.admin;
    const { result, observed } = await target.observe(async () => {
      if (door === "/graphql") return JSON.stringify(await target.graphql(query, {}, secret));
      return (await target.stream(query, {}, secret)).text;
    });
    expect(result).toContain('"errors"');
    expect(result).not.toContain('"data":{');
    expect(result.length).toBeLessThan(20_000);
    expect(observed.duration).toBeLessThan(2000);
    expectUnharmed(observed);
  });
});

test("2: introspection needs a token, and then is what tools ask for", async () => {
  const closed = await target.graphql("{ __schema { queryType { name } } }", {}, null);
  expect(closed.errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
  expect(closed.data).toBeUndefined();
  const hidden = 'query Q { ...F } fragment F on Query { renamed: __type(name: "Run") { name } }';
  expect((await target.graphql(hidden, {}, null)).errors).toMatchObject([
    { extensions: { code: "UNAUTHENTICATED" } },
  ]);
  const whole = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  for (let i = 0; i < 3; i++) {
    const { result, observed } = await target.observe(() => target.graphql(whole));
    expect(result.errors).toBeUndefined();
    expect(result.data.__schema.types.length).toBeGreaterThan(50);
    expectUnharmed(observed);
  }
});
