// tsx compare-runs.ts <baseline run id> <run id>...
// How accuracy and the places of the faults changed from the first run to each other one.
import { readFile } from "node:fs/promises";

interface Interval {
  value: number;
  low: number;
  high: number;
}

interface Comparison {
  message?: string;
  matrix: {
    modelVersion: string;
    attackType: string | null;
    accuracy: Interval | null;
    encoderShare: Interval | null;
    headShare: Interval | null;
    undecidedShare: Interval | null;
  }[];
  differences: {
    run: { name: string };
    baseline: { name: string };
    sharedInputs: number;
    accuracyDifference: Interval | null;
    accuracyPValue: number | null;
    encoderShareDifference: Interval | null;
    headShareDifference: Interval | null;
    regressions: { totalCount: number };
    fixes: { totalCount: number };
    differentialHeatmap: { responsibleConcepts: { concept: string; effect: Interval }[] } | null;
  }[];
}

const { FAULTLINE_URL: url, FAULTLINE_TOKEN: token } = process.env;
const response = await fetch(`${url}/graphql`, {
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  body: JSON.stringify({
    query: await readFile(new URL("compare-runs.graphql", import.meta.url), "utf8"),
    variables: { ids: process.argv.slice(2) },
  }),
});
const { data, errors } = (await response.json()) as {
  data: { compareRuns: Comparison } | null;
  errors?: { message: string }[];
};
const failure = errors?.[0].message ?? data?.compareRuns.message;
if (!data || failure) throw new Error(failure);

const percent = (interval: Interval | null) =>
  interval
    ? `${(100 * interval.value).toFixed(1)} % [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]`
    : "-";

console.table(
  data.compareRuns.matrix.map(
    ({ modelVersion, attackType, accuracy, encoderShare, headShare, undecidedShare }) => ({
      version: modelVersion,
      attack: attackType ?? "clean",
      accuracy: percent(accuracy),
      encoder: percent(encoderShare),
      head: percent(headShare),
      undecided: percent(undecidedShare),
    }),
  ),
);
for (const difference of data.compareRuns.differences) {
  const { run, baseline, sharedInputs, regressions, fixes, accuracyPValue, differentialHeatmap } = difference;
  console.log(`\n${run.name} against ${baseline.name}, on ${sharedInputs} shared inputs`);
  console.log(
    `  accuracy      ${percent(difference.accuracyDifference)}, p = ${accuracyPValue?.toPrecision(2) ?? "-"}`,
  );
  console.log(`  encoder share ${percent(difference.encoderShareDifference)}`);
  console.log(`  head share    ${percent(difference.headShareDifference)}`);
  console.log(`  ${regressions.totalCount} inputs got worse, ${fixes.totalCount} got better`);
  const concepts = differentialHeatmap?.responsibleConcepts.slice(0, 3).map(({ concept }) => concept) ?? [];
  console.log(`  concepts that moved most: ${concepts.join(", ") || "none"}`);
}
