import { parseSpecification, resolveSpecification } from "@faultline/core";
import { describe, expect, it } from "vitest";
import { exampleSpecifications } from "../../../src/screens/specifications/specification-examples.ts";

const view = {
  classes: ["truck", "sea horse"],
  axis: ["wheels", "long snout", "wet", "truck", "sea horse"],
  values: [0.9, 0.2, 0.4, 1, 0, 0.1, 0.5, 0.8, 0, 1],
};
const pairs = [
  { trueClass: "truck", predictedClass: "truck", inputs: 90 },
  { trueClass: "truck", predictedClass: "sea horse", inputs: 3 },
  { trueClass: "sea horse", predictedClass: "truck", inputs: 2 },
];

describe("exampleSpecifications", () => {
  it("are written in the names of the run: every one parses and resolves", () => {
    const examples = exampleSpecifications({ pairs, classes: view.classes, view });
    expect(examples).toHaveLength(4);
    for (const { text } of examples)
      expect(() => resolveSpecification(parseSpecification(text), view.axis, view.classes)).not.toThrow();
    expect(examples[0].text).toBe('predicted("sea horse") => strength("sea horse") > strength(truck)');
    expect(examples[2].text).toBe('label(truck) => strength(wheels) > strength("long snout")');
  });

  it("do without confusions, without a view, and without two classes", () => {
    expect(exampleSpecifications({ pairs: [], classes: ["a", "b"], view: null })).toHaveLength(2);
    expect(exampleSpecifications({ pairs: [], classes: ["a"], view: null })).toEqual([]);
  });
});
