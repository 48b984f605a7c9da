import { describe, expect, it } from "vitest";
import { classConceptTables } from "../../src/runs/class-concept-table.ts";

const view = {
  classes: ["truck", "car", "frog"],
  axis: ["wheels", "dull", "wet"],
  values: [0.9, 0.5, 0.1, 0.8, 0.5, 0.2, null, 0.6, 0.9],
};

describe("classConceptTables", () => {
  it("keeps the concepts that differ most, in the order of the axis, and cuts the classes into tables", () => {
    expect(classConceptTables(view, 2, 2)).toEqual([
      {
        classes: ["truck", "car"],
        rows: [
          { concept: "wheels", values: [0.9, 0.8] },
          { concept: "wet", values: [0.1, 0.2] },
        ],
      },
      {
        classes: ["frog"],
        rows: [
          { concept: "wheels", values: [null] },
          { concept: "wet", values: [0.9] },
        ],
      },
    ]);
  });
});
