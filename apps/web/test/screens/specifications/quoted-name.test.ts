import { parseSpecification } from "@faultline/core";
import { describe, expect, it } from "vitest";
import { quotedName } from "../../../src/screens/specifications/quoted-name.ts";

describe("quotedName", () => {
  it.each(["truck", "long-snout", "long snout", 'a "b" \\c', "2 wheels", "größe"])(
    "is read back as %s",
    (name) => {
      const text = `predicted(${quotedName(name)})`;
      expect(parseSpecification(text)).toEqual({ kind: "predicted", name });
    },
  );
});
