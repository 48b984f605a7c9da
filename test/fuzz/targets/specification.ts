import { InvalidInputError, parseSpecification, resolveSpecification } from "@faultline/core";
import fc from "fast-check";
import { anySpecificationText } from "../../../packages/core/test/specification/texts.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated } from "../mutation.ts";

const written = [
  'predicted(truck) => strength(wheels) > strength(wings) and not strength("long snout") > strength(metallic)',
  "label(a) or (not (predicted(b) and strength(c) <= strength(d)))",
];

export const specificationTargets: readonly FuzzTarget[] = [
  {
    name: "specification",
    cases: 10_000,
    input: fc.oneof(
      anySpecificationText.map((text) => Buffer.from(text)),
      mutated(written.map((text) => Buffer.from(text))),
    ),
    run: (bytes) => {
      const names = ["truck", "wheels", "wings", "a", "b", "c", "d"];
      resolveSpecification(parseSpecification(Buffer.from(bytes).toString()), names, names);
    },
    isTyped: (error) => error instanceof InvalidInputError,
  },
];
