import { gzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import { runIds, runPath } from "./dashboard.ts";

test("the first load of each page is under 250 kB of script", async ({ page }) => {
  const run = await runPath(page, "v1.0 clean");
  const ids = [...(await runIds(page)).values()].slice(0, 2).join(",");
  const paths = [
    "/",
    run,
    `${run}/inputs`,
    `${run}/inputs/test/car/test-0016`,
    `/compare?runs=${encodeURIComponent(ids)}`,
  ];
  for (const path of [
    ...paths,
    `${run}/detector`,
    `${run}/print`,
    "/concepts",
    "/specifications",
    "/sign-in",
  ]) {
    const html = await (await page.request.get(path)).text();
    const scripts = [...html.matchAll(/<script[^>]*src="([^"]+)"[^>]*>/g)].filter(
      ([tag]) => !tag.includes("noModule"),
    );
    let bytes = 0;
    for (const source of new Set(scripts.map((match) => match[1])))
      bytes += gzipSync(await (await page.request.get(source)).body()).length;
    expect(bytes, path).toBeGreaterThan(50_000);
    expect(bytes, `${path}: ${(bytes / 1000).toFixed(0)} kB`).toBeLessThan(250_000);
  }
});
