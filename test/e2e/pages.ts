import type { Page } from "@playwright/test";
import { runIds } from "./dashboard.ts";

/** A page of the dashboard on the demo's world. */
export type DashboardPage = {
  readonly name: string;
  readonly path: string;
  readonly heading: RegExp;
  /** HTTP status, if it is not 200. */
  readonly status?: number;
};

/** A well-formed id that nothing has. */
const unknownRun = encodeURIComponent(btoa("Run:00000000-0000-7000-8000-000000000000"));

/** Every page, in the state that the demo leaves, and the states in which a page has nothing to show. */
export async function dashboardPages(page: Page): Promise<DashboardPage[]> {
  const ids = await runIds(page);
  const run = (name: string) => `/runs/${encodeURIComponent(ids.get(name) ?? "")}`;
  const runs = (...names: string[]) =>
    `runs=${encodeURIComponent(names.map((name) => ids.get(name)).join(","))}`;
  const attacked = ["v1.0 clean", "v1.0 under FGSM", "v1.0 under PGD"];
  const versions = ["v1.0 clean", "v1.1 clean", "v1.2 clean"];
  const conceptSet = `/concepts/${encodeURIComponent(await usedConceptSet(page, ids.get("v1.1 clean") ?? ""))}`;
  return [
    { name: "overview", path: "/", heading: /Menagerie/ },
    { name: "report", path: run("v1.1 clean"), heading: /v1\.1/ },
    { name: "report-attacked", path: `${run("v1.0 under PGD")}?class=car`, heading: /PGD/ },
    { name: "inputs", path: `${run("v1.1 clean")}/inputs?misclassified=true`, heading: /v1\.1/ },
    { name: "inputs-none", path: `${run("v1.1 clean")}/inputs?externalIdPrefix=nothing`, heading: /v1\.1/ },
    { name: "input", path: `${run("v1.1 clean")}/inputs/test/car/test-0016`, heading: /v1\.1/ },
    { name: "input-attacked", path: `${run("v1.0 under PGD")}/inputs/test/car/test-0016`, heading: /PGD/ },
    { name: "input-missing", path: `${run("v1.1 clean")}/inputs/no/such/input`, heading: /v1\.1/ },
    { name: "detector", path: `${run("v1.2 clean")}/detector`, heading: /v1\.2/ },
    { name: "compare-none", path: "/compare", heading: /Compare runs/ },
    { name: "compare-2", path: `/compare?${runs("v1.0 clean", "v1.2 clean")}`, heading: /Compare runs/ },
    {
      name: "compare-3",
      path: `/compare?${runs(...versions)}&against=2&class=deer`,
      heading: /Compare runs/,
    },
    {
      name: "compare-5",
      path: `/compare?${runs(...versions, ...attacked.slice(1))}`,
      heading: /Compare runs/,
    },
    { name: "concepts", path: "/concepts", heading: /Concept sets/ },
    { name: "concept-set", path: conceptSet, heading: /v\d+/ },
    { name: "concept-set-new", path: "/concepts/new", heading: /New concept set/ },
    {
      name: "specifications",
      path: `/specifications?run=${encodeURIComponent(ids.get("v1.1 clean") ?? "")}`,
      heading: /Specifications/,
    },
    { name: "sign-in", path: "/sign-in", heading: /Sign in/ },
    { name: "report-print", path: `${run("v1.1 clean")}/print`, heading: /v1\.1/ },
    { name: "report-attacked-print", path: `${run("v1.0 under PGD")}/print`, heading: /PGD/ },
    { name: "compare-print", path: `/compare/print?${runs(...versions)}`, heading: /v1\.2/ },
    {
      name: "run-missing",
      path: `/runs/${unknownRun}`,
      heading: /There is no such run|Could not load the run/,
    },
    { name: "run-malformed", path: "/runs/nothing", heading: /Could not load the run/ },
    { name: "not-found", path: "/nowhere", heading: /There is no such page/, status: 404 },
  ];
}

async function usedConceptSet(page: Page, runId: string): Promise<string> {
  const response = await page.request.post("/api/graphql", {
    data: {
      query: `query ($id: ID!) { node(id: $id) { ... on Run { conceptSet { id } } } }`,
      variables: { id: runId },
    },
  });
  return (await response.json()).data.node.conceptSet.id;
}
