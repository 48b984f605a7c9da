// tsx verdicts.ts <run id> [most encoder faults]
// Prints a line for each input whose encoder is at fault, most suspicious first; exit code 1 when there are more
// than allowed (0 by default).
import { readFile } from "node:fs/promises";

interface Verdict {
  externalId: string;
  trueClass: string;
  predictedClass: string;
  verdict: "OK" | "DEFECT";
  score: number;
  concepts: string[];
}

interface Page {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string };
  edges: { node: Verdict }[];
}

const { FAULTLINE_URL: url, FAULTLINE_TOKEN: token } = process.env;
const [runId, allowed = "0"] = process.argv.slice(2);
const query = await readFile(new URL("verdicts.graphql", import.meta.url), "utf8");

async function page(after: string | null): Promise<Page> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { runId, after, filter: { fault: ["ENCODER"] } } }),
  });
  const { data, errors } = (await response.json()) as {
    data: { verdicts: Page | null } | null;
    errors?: { message: string }[];
  };
  // Also for a run that this token does not reach, or that has not succeeded.
  if (!data?.verdicts) throw new Error(errors?.[0].message ?? "no answer");
  return data.verdicts;
}

let found = 0;
for (let after: string | null = null, more = true; more; ) {
  const { edges, pageInfo, totalCount } = await page(after);
  found = totalCount;
  for (const { node } of edges)
    console.log(
      `${node.verdict}\t${node.externalId}\t${node.trueClass} -> ${node.predictedClass}\t${node.concepts.join(", ")}`,
    );
  after = pageInfo.endCursor;
  more = pageInfo.hasNextPage;
}
console.log(`${found} encoder faults, ${allowed} allowed`);
process.exitCode = found > Number(allowed) ? 1 : 0;
