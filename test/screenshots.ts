// `npm run screenshots -w @faultline/test` with FAULTLINE_WEB_URL at a running demo: retakes the README's pictures.
// `-- --all FOLDER [name …]` takes every page (or the named ones) in both themes and two widths instead, to be looked at.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Browser, chromium, type Page } from "@playwright/test";
import { settled } from "./e2e/dashboard.ts";
import { dashboardPages } from "./e2e/pages.ts";

const { values, positionals } = parseArgs({
  options: { all: { type: "string" }, theme: { type: "string" }, width: { type: "string" } },
  allowPositionals: true,
});
const baseURL = process.env.FAULTLINE_WEB_URL ?? "http://127.0.0.1:3000";

/** The README's pictures: page, file, and height in CSS pixels of what is shown of it. */
const shown = [
  { name: "report", file: "report", height: 1000 },
  { name: "compare-5", file: "compare", height: 1000 },
  { name: "inputs", file: "inputs", height: 900 },
  { name: "input", file: "input", height: 1000 },
];

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await settled(page);
  // A full-page picture shows what nobody has scrolled to.
  await page.evaluate(() => {
    for (const image of document.images) image.loading = "eager";
  });
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
}

async function takeReadme(browser: Browser, folder: string): Promise<void> {
  const context = await browser.newContext({ baseURL, colorScheme: "light" });
  const page = await context.newPage();
  const pages = await dashboardPages(page);
  for (const { name, file, height } of shown) {
    await page.setViewportSize({ width: 1440, height });
    await open(page, pages.find((candidate) => candidate.name === name)!.path);
    await page.screenshot({ path: `${folder}/${file}.png` });
  }
}

async function takeAll(browser: Browser, folder: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    if (values.theme && values.theme !== colorScheme) continue;
    for (const width of [1440, 390]) {
      if (values.width && Number(values.width) !== width) continue;
      const context = await browser.newContext({
        baseURL,
        colorScheme,
        viewport: { width, height: width > 600 ? 900 : 844 },
      });
      const page = await context.newPage();
      for (const { name, path } of await dashboardPages(page)) {
        if (positionals.length > 0 && !positionals.includes(name)) continue;
        await open(page, path);
        await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
        process.stdout.write(`${name} ${colorScheme} ${width}\n`);
      }
      await context.close();
    }
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const folder = values.all ?? fileURLToPath(new URL("../docs/screenshots", import.meta.url));
  mkdirSync(folder, { recursive: true });
  if (values.all) await takeAll(browser, folder);
  else await takeReadme(browser, folder);
} finally {
  await browser.close();
}
