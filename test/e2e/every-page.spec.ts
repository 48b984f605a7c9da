import { expect } from "@playwright/test";
import { colourRules, open, violations } from "./dashboard.ts";
import { dashboardPages } from "./pages.ts";
import { test } from "./test.ts";

// They only look, so they need not wait for each other.
test.describe.configure({ mode: "parallel" });

/** A page takes its time, so each half of the pages is a test. */
for (const half of [0, 1])
  test(`every page, half ${half + 1}: axe finds no violation in light or dark, the console no error`, async ({
    browser,
  }) => {
    test.setTimeout(300_000);
    const context = await browser.newContext({ colorScheme: "light" });
    const pages = await dashboardPages(await context.newPage());
    for (const { name, path, heading, status = 200 } of pages.filter((_, i) => i % 2 === half)) {
      const page = await context.newPage();
      const complaints = await open(page, path, heading);
      expect(await violations(page), `${name} in light`).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
      await expect(page.locator("html")).toHaveCSS("color-scheme", "dark");
      // Colours take a moment to change.
      await expect.poll(() => violations(page, colourRules), `${name} in dark`).toEqual([]);
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
