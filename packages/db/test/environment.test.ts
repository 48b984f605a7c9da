import { expect, test } from "vitest";
import { EnvironmentError, readEnvironment, setting } from "../src/environment.ts";

const { choice, count, duration, flag, list, size, text } = setting;

const read = (schema: Parameters<typeof readEnvironment>[0][string], value: string | undefined) =>
  readEnvironment({ SETTING: schema }, { SETTING: value }).SETTING;

test.each([
  ["1048576", 2 ** 20],
  ["16MiB", 16 * 2 ** 20],
  ["1GiB", 2 ** 30],
  ["1 gib", 2 ** 30],
  ["1GB", 1e9],
  ["0.5KiB", 512],
  [" 7b ", 7],
])("the size %j is %d bytes", (written, bytes) => expect(read(size(), written)).toBe(bytes));

test.each([
  ["500ms", 500],
  ["30s", 30_000],
  ["1.5min", 90_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
])("the duration %j is %d ms", (written, ms) => expect(read(duration(), written)).toBe(ms));

test.each([
  [
    "size",
    size(),
    ["1GiBB", "GiB", "-1", "1e9", "0x10", "NaN", "Infinity", "0", "0.3", "1,5GiB", "9999999TiB", "1s"],
  ],
  ["duration", duration(), ["30", "s", "-1s", "0s", "30 seconds", "1GiB"]],
  ["count", count({ min: 1, max: 10 }), ["0", "11", "1.5", "two", "-1", "1k"]],
  ["flag", flag(), ["yes", "on", "2", "TRUEE", "-"]],
  ["choice", choice(["debug", "info"]), ["loud"]],
])("a wrong %s is refused, and the variable is named", (_name, schema, values) => {
  for (const value of values) expect(() => read(schema, value), value).toThrow(/SETTING: /);
});

test("flags, counts, choices, lists and texts are read", () => {
  for (const on of ["1", "true", "TRUE"]) expect(read(flag(), on)).toBe(true);
  for (const off of ["0", "false", "False"]) expect(read(flag(), off)).toBe(false);
  expect(read(count({ min: 1, max: 10 }), "10")).toBe(10);
  expect(read(choice(["debug", "info"]), "info")).toBe("info");
  expect(read(list(), " https://a.example , https://b.example,")).toEqual([
    "https://a.example",
    "https://b.example",
  ]);
  expect(read(text(), " a ")).toBe("a");
});

test("what is unset or empty takes the default, and every wrong variable is told of at once", () => {
  for (const unset of [undefined, "", " "]) {
    expect(read(count().default(3), unset)).toBe(3);
    expect(read(size().optional(), unset)).toBeUndefined();
  }
  let thrown: unknown;
  try {
    readEnvironment({ A: size(), B: flag(), C: count() }, { A: "1GiBB", B: "maybe", C: "1" });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(EnvironmentError);
  expect((thrown as EnvironmentError).issues.map(({ variable }) => variable)).toEqual(["A", "B"]);
});
