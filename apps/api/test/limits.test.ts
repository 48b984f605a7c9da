import {
  getIntrospectionQuery,
  getOperationAST,
  Kind,
  Lexer,
  parse,
  Source,
  TokenKind,
  validate,
} from "graphql";
import { describe, expect, test } from "vitest";
import { isAnswerTooLarge } from "../src/limits/answer-size.ts";
import { documentLimits, measureDocument } from "../src/limits/document-limits.ts";
import { Documents } from "../src/limits/documents.ts";
import { exceededJsonLimit, jsonLimits } from "../src/limits/json-size.ts";
import { maximumCost, maximumDepth, operationCost } from "../src/limits/operation-cost.ts";
import { checkVariables } from "../src/limits/text.ts";
import { schema } from "../src/schema.ts";
import { clientOperations } from "./client-operations.ts";

const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(" ");

function tokensOf(source: string): number {
  const lexer = new Lexer(new Source(source));
  for (let tokens = 0; ; tokens++) if (lexer.advance().kind === TokenKind.EOF) return tokens;
}

function costOf(source: string, variables: Record<string, unknown> = {}) {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error("no operation");
  return operationCost(schema, document, operation, variables);
}

describe("what our own clients send", () => {
  test.each(clientOperations())("$name is less than half of every limit", ({ source }) => {
    const { cost, depth } = costOf(source, { first: 100 });
    expect(cost).toBeLessThan(maximumCost / 2);
    expect(depth).toBeLessThan(maximumDepth * 0.75);
    expect(tokensOf(source)).toBeLessThan(documentLimits.tokens / 2);
    const size = measureDocument(parse(source));
    for (const limit of ["definitions", "selections", "nesting", "pairs", "rootFields"] as const)
      expect(size[limit], limit).toBeLessThan(documentLimits[limit] / 2);
  });
});

describe("a document's size", () => {
  test("counts a fragment wherever it is spread, in a moment", () => {
    const doubling = (levels: number) =>
      `{ viewer { token { ...f0 } } } ${times(levels, (i) => `fragment f${i} on ApiToken { ...f${i + 1} ...f${i + 1} }`)}
       fragment f${levels} on ApiToken { id }`;
    // The operation with all that it spreads, then each fragment on its own.
    expect(measureDocument(parse(doubling(1))).selections).toBe(3 + 4 + 4 + 1);
    expect(() => measureDocument(parse(doubling(20)))).toThrow(/fields, with those of fragments/);
  });

  test("counts pairs of fields that share a place, whatever way they come there", () => {
    expect(measureDocument(parse("{ a { x } b: a { x } }")).pairs).toBe(0);
    expect(measureDocument(parse("{ a { x } a { x } a { x } }")).pairs).toBe(3 + 3);
    expect(measureDocument(parse("{ a { ...f } a { x ...f } } fragment f on A { x }")).pairs).toBe(1 + 1);
    expect(() => measureDocument(parse(`{ ${times(60, () => "a { x }")} }`))).toThrow(/pairs of fields/);
  });

  test.each([
    ["rootFields", `{ ${times(51, (i) => `a${i}: b`)} }`],
    ["definitions", times(61, (i) => `query q${i} { a }`)],
    ["nesting", `${"{ a ".repeat(40)}${"}".repeat(40)}`],
    ["valueNesting", `{ a(b: ${"[".repeat(30)}${"]".repeat(30)}) }`],
    ["valueNesting", `query($v: A = ${"{a:".repeat(30)}1${"}".repeat(30)}) { a }`],
  ])("has a limit for %s", (limit, source) => {
    expect(() => new Documents().read(source)).toThrow(
      expect.objectContaining({ extensions: expect.objectContaining({ code: "QUERY_TOO_LARGE", limit }) }),
    );
  });

  test.each([
    ["tokens", `{ ${times(2000, () => "a")} }`, "QUERY_TOO_LARGE"],
    ["characters", `{ a } ${"#".repeat(70_000)}`, "QUERY_TOO_LARGE"],
    ["syntax", "{ a", "GRAPHQL_PARSE_FAILED"],
    [
      "a ring of fragments",
      "{ ...a } fragment a on A { ...b } fragment b on A { ...a }",
      "GRAPHQL_VALIDATION_FAILED",
    ],
    ["half a character", '{ a(b: {c: ["\\uD800"]}) }', "GRAPHQL_PARSE_FAILED"],
    ["NUL", '{ a(b: {c: ["\\u0000"]}) }', "BAD_USER_INPUT"],
  ])("is refused for its %s by code", (_what, source, code) => {
    expect(() => new Documents().read(source)).toThrow(
      expect.objectContaining({ extensions: expect.objectContaining({ code }) }),
    );
  });
});

describe("an operation's cost", () => {
  test("is that of its fields times the lists that they are in", () => {
    expect(costOf("{ viewer { token { id } } }")).toEqual({ cost: 3, depth: 3 });
    expect(costOf("{ projects(first: 7) { edges { node { id slug } } } }").cost).toBe(1 + 7 * (1 + 1 + 2));
    expect(costOf("query($n: Int) { projects(first: $n) { edges { cursor } } }", { n: 50 }).cost).toBe(
      1 + 50 * 2,
    );
    expect(costOf("{ a: __typename b: __typename }").cost).toBe(2);
  });

  test("counts fragments in every place", () => {
    const plain = "{ projects(first: 7) { edges { node { id slug } } } }";
    const spread =
      "{ projects(first: 7) { edges { ...E } } } fragment E on ProjectEdge { node { ...P } } fragment P on Project { id slug }";
    expect(costOf(spread)).toEqual(costOf(plain));
  });

  test("counts the schema's fields as they are, aliases and all", () => {
    const types = Object.keys(schema.getTypeMap()).length;
    expect(costOf("{ __schema { types { name } } }").cost).toBe(2 * (2 + types));
    expect(costOf("{ __schema { a: types { name } b: types { name } } }").cost).toBe(
      2 * (1 + 2 * (1 + types)),
    );
    const fields = Object.keys(schema.getQueryType()?.getFields() ?? {}).length;
    expect(costOf('{ __type(name: "Query") { fields { name } } }').cost).toBe(2 * (2 + fields));
    const { cost, depth } = costOf(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
    expect(cost).toBeLessThan(maximumCost * 0.75);
    expect(depth).toBeLessThanOrEqual(maximumDepth);
    expect(() =>
      costOf(`{ __schema { ${times(30, (i) => `t${i}: types { fields { name args { name } } }`)} } }`),
    ).toThrow(/25000 fields of the schema/);
  });

  test("is told of an operation whose arguments are wrong, too", () => {
    expect(costOf("query($n: Int!) { projects(first: $n) { edges { cursor } } }").cost).toBeGreaterThan(1);
    const document = parse("query($ids: [ID!]!) { nodes(ids: $ids) { id } }");
    const operation = getOperationAST(document);
    if (!operation) throw new Error("no operation");
    for (const ids of [null, 7, "one", { length: 1e9 }])
      expect(operationCost(schema, document, operation, { ids }).cost).toBeLessThan(10);
    expect(
      operationCost(schema, document, operation, { ids: Array(100_000).fill("x") }).cost,
    ).toBeGreaterThan(maximumCost);
  });
});

describe("texts in variables", () => {
  test.each([
    [{ input: { slug: "a\0b" } }, "input.slug"],
    [{ input: { concepts: ["a", { phrase: "\uD800" }] } }, "input.concepts.1.phrase"],
    [{ input: { metadata: { "\0": 1 } } }, "input.metadata"],
    [{ slug: "\uDC00\uD800" }, "slug"],
  ])("%j: the argument is named", (variables, argument) => {
    expect(() => checkVariables(variables)).toThrow(
      expect.objectContaining({ extensions: expect.objectContaining({ code: "BAD_USER_INPUT", argument }) }),
    );
  });

  test("may be anything else", () => {
    checkVariables({
      a: "tab\t line\n \u{1F680} \u2028 \u0007",
      b: [1, [2, ["x"]]],
      c: null,
      d: { e: true },
    });
  });

  test("may not be nested without end", () => {
    let deep: unknown = "x";
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(() => checkVariables({ deep })).toThrow(/levels deep/);
  });
});

describe("JSON", () => {
  const exceeded = (text: string) => exceededJsonLimit(Buffer.from(text));
  test.each([
    ["values", `[${"0,".repeat(jsonLimits.values)}0]`],
    ["lists", `[${"[],".repeat(jsonLimits.lists)}0]`],
    ["names", `{${times(jsonLimits.names + 1, (i) => `"${i}":0`).replaceAll(" ", ",")}}`],
    ["nesting", "[".repeat(9_000_000)],
  ])("is refused for its %s before it is read", (limit, text) => expect(exceeded(text)).toBe(limit));

  test("is not judged by what its texts hold", () => {
    const text = JSON.stringify({
      a: "[{,:".repeat(jsonLimits.values),
      'b"\\': '\\"',
      c: "\\\\",
      d: ["[", '"]'],
    });
    expect(exceeded(text)).toBeNull();
    expect(exceeded('"an open text')).toBeNull();
    const embeddings = Array.from({ length: 256 }, () => ({
      externalId: "a",
      embedding: Array(2048).fill(0.123456789),
    }));
    expect(exceeded(JSON.stringify({ variables: { embeddings } }))).toBeNull();
  });
});

test("an answer is measured before it is written", () => {
  expect(isAnswerTooLarge({ data: { a: ["x".repeat(1000), 1, null, true] } })).toBe(false);
  const text = "x".repeat(10_000);
  expect(isAnswerTooLarge({ data: Array.from({ length: 3400 }, () => ({ text })) })).toBe(true);
  expect(isAnswerTooLarge({ data: Array(9_000_000).fill(0.5) })).toBe(true);
});
