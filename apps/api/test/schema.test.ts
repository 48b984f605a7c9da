import { readFile } from "node:fs/promises";
import { type GraphQLArgument, type GraphQLObjectType, isObjectType } from "graphql";
import { describe, expect, test } from "vitest";
import { Access } from "../src/access/access.ts";
import { nodeTypes } from "../src/access/reach.ts";
import { UnauthenticatedError } from "../src/errors.ts";
import { schema, schemaText } from "../src/schema.ts";
import { schemaChangesSince } from "../src/schema-changes.ts";

const builtIn = /^(__.*|Boolean|String|Int|Float|ID)$/;
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !builtIn.test(name));

describe("the schema", () => {
  test("is the committed one (npm run print-schema -w @faultline/api)", async () => {
    expect(schemaText()).toBe(await readFile(new URL("../schema.graphql", import.meta.url), "utf8"));
  });

  test("breaks no client of the commit before, unless a commit says so", async ({ skip }) => {
    const compared = await schemaChangesSince("HEAD~1");
    if (!compared) return skip("there is no earlier commit in this clone");
    const { breaking, declared } = compared;
    expect(declared ? [] : breaking.map(({ message }) => message)).toEqual([]);
  });

  test("describes every type, field, argument and value", () => {
    const silent = types.flatMap((type) => {
      const fields = "getFields" in type ? Object.values(type.getFields()) : [];
      const values = "getValues" in type ? type.getValues() : [];
      return [
        ...(type.description ? [] : [type.name]),
        ...values.filter(({ description }) => !description).map(({ name }) => `${type.name}.${name}`),
        ...fields.filter(({ description }) => !description).map(({ name }) => `${type.name}.${name}`),
        ...fields.flatMap((field: { name: string; args?: readonly GraphQLArgument[] }) =>
          field.args
            ? field.args
                .filter((arg) => !arg.description)
                .map((arg) => `${type.name}.${field.name}(${arg.name})`)
            : [],
        ),
      ];
    });
    expect(silent).toEqual([]);
  });

  test("knows of each kind of node which project it lies in", () => {
    const nodes = schema.getPossibleTypes(schema.getType("Node") as never).map(({ name }) => name);
    expect([...nodes].sort()).toEqual([...nodeTypes].sort());
  });
});

describe("without a token", () => {
  const context = { access: new Access(null), signal: new AbortController().signal };
  // `viewer` answers "nobody" to nobody; access.test.ts holds it to that.
  const guarded = types.filter(isObjectType).flatMap((type: GraphQLObjectType) =>
    Object.values(type.getFields())
      .filter(({ name }) => `${type.name}.${name}` !== "Query.viewer")
      .map((field) => [`${type.name}.${field.name}`, type, field] as const),
  );

  test.each(guarded)("%s is refused", async (_name, type, { name: fieldName, resolve, subscribe }) => {
    const enter = type.name === "Subscription" ? subscribe : resolve;
    const call = async () => enter?.({}, { input: { store: false } }, context, { fieldName } as never);
    await expect(call()).rejects.toThrow(UnauthenticatedError);
  });
});
