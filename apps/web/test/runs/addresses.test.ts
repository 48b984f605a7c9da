import fc from "fast-check";
import { expect, test } from "vitest";
import { compareHref, readComparisonState, writeComparisonState } from "../../src/runs/comparison-address.ts";
import {
  faults,
  inputHref,
  inputsHref,
  readVerdictView,
  verdictFilter,
  verdictOrders,
  writeVerdictView,
} from "../../src/runs/verdict-address.ts";

const id = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes(","));

test("a comparison comes back from its address as it was", () => {
  fc.assert(
    fc.property(
      fc.record({
        runs: fc.uniqueArray(id, { minLength: 2, maxLength: 6 }),
        view: fc.constantFrom("ground-truth" as const, "output-label" as const),
        order: fc.constantFrom("clustered" as const, "alphabetical" as const),
        class: fc.string(),
        against: fc.integer({ min: 1, max: 5 }),
      }),
      (state) => {
        const sensible = { ...state, against: Math.min(state.against, state.runs.length - 1) };
        expect(readComparisonState(new URLSearchParams(writeComparisonState(sensible)))).toEqual(sensible);
      },
    ),
  );
});

test("a senseless address falls back to defaults; a seventh run is left out", () => {
  const state = readComparisonState(new URLSearchParams("runs=a,b,a,,c,d,e,f,g&view=x&order=y&against=9"));
  expect(state).toEqual({
    runs: ["a", "b", "c", "d", "e", "f"],
    view: "ground-truth",
    order: "clustered",
    class: "",
    against: 1,
  });
  expect(compareHref({ runs: [] })).toBe("/compare");
});

test("a view of inputs comes back from its address as it was", () => {
  const text = fc.string({ minLength: 1 });
  const score = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  fc.assert(
    fc.property(
      fc.record(
        {
          verdict: fc.constantFrom("OK" as const, "DEFECT" as const),
          fault: fc.subarray([...faults], { minLength: 1 }),
          trueClass: text,
          predictedClass: text,
          misclassified: fc.boolean(),
          minimumScore: score,
          maximumScore: score,
          concept: text,
          externalIdPrefix: text,
          order: fc.constantFrom(...verdictOrders.filter((order) => order !== "INPUT")),
        },
        { requiredKeys: [] },
      ),
      (view) => {
        expect(readVerdictView(new URLSearchParams(writeVerdictView(view)))).toEqual(view);
      },
    ),
  );
});

test("the filter of the API carries no order, and nothing senseless gets into a view", () => {
  expect(verdictFilter({ order: "SCORE_DESCENDING", verdict: "OK" })).toEqual({
    verdict: "OK",
    fault: undefined,
  });
  const query = new URLSearchParams(
    "verdict=MAYBE&fault=HEAD,NOPE&minimumScore=abc&maximumScore=&order=INPUT",
  );
  expect(readVerdictView(query)).toEqual({ fault: ["HEAD"] });
});

test("ids in paths are escaped, slashes of external ids stay", () => {
  expect(inputHref("a=", "test/cat 1/#2")).toBe("/runs/a%3D/inputs/test/cat%201/%232");
  expect(inputsHref("a", { concept: "a&b" })).toBe("/runs/a/inputs?concept=a%26b");
});
