import { gzipSync } from "node:zlib";
import { expect } from "@playwright/test";
import { dashboardPages } from "./pages.ts";
import { test } from "./test.ts";

test("the first load of each page is under 250 kB of script", async ({ page }) => {
  const sizes = new Map<string, number>();
  for (const { name, path } of await dashboardPages(page)) {
    const html = await (await page.request.get(path)).text();
    const scripts = [...html.matchAll(/<script[^>]*src="([^"]+)"[^>]*>/g)].filter(
      ([tag]) => !tag.includes("noModule"),
    );
    let bytes = 0;
    for (const source of new Set(scripts.map((match) => match[1]))) {
      if (!sizes.has(source))
        sizes.set(source, gzipSync(await (await page.request.get(source)).body()).length);
      bytes += sizes.get(source) ?? 0;
    }
    expect(bytes, name).toBeGreaterThan(50_000);
    expect(bytes, `${name}: ${(bytes / 1000).toFixed(0)} kB`).toBeLessThan(250_000);
  }
});
