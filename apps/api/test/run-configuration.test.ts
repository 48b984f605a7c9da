import { runConfigurationSchema } from "@faultline/run";
import { isInputObjectType, isObjectType } from "graphql";
import { expect, test } from "vitest";
import { schema } from "../src/schema.ts";

test("every part of a run's configuration can be given and read", () => {
  const parts = Object.keys(runConfigurationSchema.shape).sort();
  const [input, output] = [schema.getType("RunConfigurationInput"), schema.getType("RunConfiguration")];
  expect(isInputObjectType(input) && Object.keys(input.getFields()).sort()).toEqual(parts);
  expect(isObjectType(output) && Object.keys(output.getFields()).sort()).toEqual(parts);
});
