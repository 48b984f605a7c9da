import { expect } from "@playwright/test";
import { colourRules, open, violations } from "./dashboard.ts";
import { dashboardPages } from "./pages.ts";
import { test } from "./test.ts";

// They only look, so they need not wait for each other.
test.describe.configure({ mode: "parallel" });

for (const [colorScheme, rules] of [
  ["light", undefined],
  ["dark", colourRules],
] as const)
  test(`every page in ${colorScheme}: axe finds no violation, the console no error`, async ({ browser }) => {
    test.setTimeout(300_000);
    const context = await browser.newContext({ colorScheme });
    const pages = await dashboardPages(await context.newPage());
    for (const { name, path, heading, status = 200 } of pages) {
      const page = await context.newPage();
      const complaints = await open(page, path, heading);
      expect(await violations(page, rules), `${name} in ${colorScheme}`).toEqual([]);
      // Chromium writes a line of its own for a page that answers 404.
      expect(complaints.filter((complaint) => status === 200 || !complaint.includes(String(status)))).toEqual(
        [],
      );
      await page.close();
    }
    await context.close();
  });

test("no page scrolls sideways at 390 pixels", async ({ browser }) => {
  test.setTimeout(180_000);
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  for (const { name, path, heading } of await dashboardPages(page)) {
    await open(page, path, heading);
    const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overhang(), name).toBeLessThanOrEqual(0);
  }
  await context.close();
});
