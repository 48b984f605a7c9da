import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** The demo's runs as the API lists them: name -> id. */
export async function runIds(page: Page): Promise<Map<string, string>> {
  const response = await page.request.post("/api/graphql", {
    data: { query: `{ project(slug: "menagerie") { runs(first: 100) { edges { node { id name } } } } }` },
  });
  const { data } = await response.json();
  return new Map(
    data.project.runs.edges.map(({ node }: { node: { id: string; name: string } }) => [node.name, node.id]),
  );
}

/** Path of a run of the demo, by its name. */
export async function runPath(page: Page, name: string): Promise<string> {
  const id = (await runIds(page)).get(name);
  if (!id) throw new Error(`the demo has no run “${name}”`);
  return `/runs/${encodeURIComponent(id)}`;
}

/** Opens a page, waits for its title and its contents; returns what the browser complains about from now on. */
export async function open(page: Page, path: string, heading: RegExp): Promise<string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(path);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
  await settled(page);
  return complaints;
}

/** Waits until nothing on the page is loading. A live page never falls silent on the network. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

/** Those of axe's rules to which a dark page may differ from a light one. */
export const colourRules = ["color-contrast", "link-in-text-block"];

/** What axe finds wrong with the page as it is now. @param rules by default all */
export async function violations(page: Page, rules?: string[]): Promise<string[]> {
  // Its other mode opens a second page for frames of other sites, which there are none of, and takes twice as long.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });
  const found = await (rules ? axe.withRules(rules) : axe).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].target}`);
}
