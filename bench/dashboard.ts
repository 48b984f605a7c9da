// The dashboard in a real Chromium: interaction with a heatmap of 100 × 500 cells, side by side with Observable Plot;
// first-load script of each page, and when its largest part is there. `npm run bench dashboard [-- --json FILE]`.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { migrate, openDatabase, startEmbeddedPostgres } from "@faultline/db";
import { type Browser, chromium, type Page } from "@playwright/test";
import { startStack } from "../demo/launch/stack.ts";
import { type Interaction, latency, summary } from "./browser-latency.ts";
import { classes, concepts, createWideRun } from "./dashboard-world.ts";
import { type BenchRow, lessIsBetter, report } from "./report.ts";

const moves = 40;
const switches = 10;
const loads = 5;
const scriptBudget = { name: "budget", value: 250 };
const interactionBudget = { name: "budget", value: 100 };
const plotName = "Observable Plot 0.6.17, SVG";
const size = `${classes.length} × ${classes.length + concepts.length}`;

const figure = 'figure:has(h2:text-is("Class × concept"))';

type Latencies = { pointer: number[]; order: number[]; keyboard?: number[]; scroll?: number[] };

async function repeated(times: number, page: Page, interaction: (i: number) => Interaction) {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await latency(page, interaction(i)));
  return values;
}

/** Points over a box, far enough apart that each lies in another cell. */
function pointIn(box: { x: number; y: number; width: number; height: number }, i: number) {
  const share = (step: number) => ((i + 1) * step) % 1;
  return { x: box.x + box.width * share(0.618), y: box.y + box.height * share(0.414) };
}

/** The dashboard's own heatmap, on the run's page. */
async function ownLatencies(page: Page, path: string): Promise<{ latencies: Latencies; values: unknown }> {
  const answered = page.waitForResponse(
    (response) =>
      response.url().endsWith("/graphql") &&
      (response.request().postData() ?? "").includes("classConceptView"),
    { timeout: 120_000 },
  );
  await page.goto(path);
  const view = (await (await answered).json()).data.node.classConceptView;
  const cells = page.locator(`${figure} [role=application]`);
  await cells.waitFor({ timeout: 120_000 });
  // The page's other heatmaps, of 500 × 500 cells, load beside it.
  await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
  // Marked, so that the page can find them without Playwright's selectors.
  await page.locator(`${figure} [aria-live]`).evaluate((element) => element.setAttribute("id", "readout"));
  await page
    .locator(
      `${figure} [role=group]:has(button:text-is("A–Z")), ${figure} [role=radiogroup]:has(button:text-is("A–Z"))`,
    )
    .first()
    .evaluate((element) => element.setAttribute("id", "order"));
  await cells.evaluate((element) => element.scrollIntoView({ block: "center" }));
  const box = await cells.boundingBox();
  if (!box) throw new Error("the heatmap is not there");
  const inside = { x: box.x + 120, y: box.y + 120, width: box.width - 140, height: box.height - 140 };

  const pointer = await repeated(moves, page, (i) => {
    const { x, y } = pointIn(inside, i);
    return { event: "pointermove", changes: "#readout", act: () => page.mouse.move(x, y) };
  });
  await page.mouse.move(0, 0);
  await cells.focus();
  const keyboard = await repeated(moves, page, (i) => ({
    event: "keydown",
    changes: "#readout",
    act: () => page.keyboard.press(i % 4 === 3 ? "ArrowDown" : "ArrowRight"),
  }));
  await page.mouse.move(inside.x + 200, inside.y + 200);
  const scroll = await repeated(switches, page, (i) => ({
    event: "scroll",
    changes: null,
    act: () => page.mouse.wheel(i % 2 === 0 ? 400 : -400, 0),
  }));
  const order = await repeated(switches, page, (i) => ({
    event: "click",
    changes: "#order",
    act: () => page.locator(`#order button:text-is("${i % 2 === 0 ? "A–Z" : "Clustered"}")`).click(),
  }));
  return { latencies: { pointer, keyboard, scroll, order }, values: view };
}

/** The same numbers as cells of Observable Plot with its own pointer and tip. */
async function plotLatencies(page: Page, view: unknown): Promise<Latencies & { draw: number }> {
  // Their builds for the browser, which their packages do not export to Node.
  const build = (path: string) => join(import.meta.dirname, "../node_modules", path);
  await page.goto("about:blank");
  await page.setContent('<button id="switch">Order</button><div id="plot"></div>');
  await page.addScriptTag({ path: build("d3/dist/d3.min.js") });
  await page.addScriptTag({ path: build("@observablehq/plot/dist/plot.umd.min.js") });
  const draw = await page.evaluate(async (given) => {
    type View = { classes: string[]; axis: string[]; values: number[] };
    const { classes, axis, values } = given as View;
    const { Plot } = window as unknown as { Plot: Record<string, (...args: unknown[]) => Node> };
    const data = values.map((value, i) => ({
      row: classes[Math.floor(i / axis.length)],
      column: axis[i % axis.length],
      value,
    }));
    let sorted = false;
    const drawPlot = () => {
      const ordered = (names: string[]) => (sorted ? names.toSorted() : names);
      const channels = { x: "column", y: "row" };
      const plot = Plot.plot({
        width: axis.length * 4 + 100,
        height: classes.length * 11 + 60,
        marginLeft: 80,
        style: "max-width: none",
        x: { domain: ordered(axis), axis: null },
        y: { domain: ordered(classes) },
        color: { scheme: "viridis" },
        marks: [
          Plot.cell(data, { ...channels, fill: "value" }),
          Plot.tip(data, Plot.pointer({ ...channels, title: "value" })),
        ],
      });
      document.getElementById("plot")?.replaceChildren(plot);
    };
    document.getElementById("switch")?.addEventListener("click", () => {
      sorted = !sorted;
      drawPlot();
    });
    const began = performance.now();
    drawPlot();
    await new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - began;
  }, view);
  const viewport = page.viewportSize() ?? { width: 1440, height: 900 };
  const inside = { x: 120, y: 80, width: viewport.width - 160, height: viewport.height - 120 };
  // Coming in shows the first tip; from then on the pointer moves.
  await page.mouse.move(inside.x, inside.y);
  const pointer = await repeated(moves, page, (i) => {
    const { x, y } = pointIn(inside, i);
    return { event: "pointermove", changes: "#plot", act: () => page.mouse.move(x, y) };
  });
  const order = await repeated(switches, page, () => ({
    event: "click",
    changes: "#plot",
    act: () => page.locator("#switch").click(),
  }));
  return { pointer, order, draw };
}

/** Kilobytes (1000) of script, gzipped, that a page's HTML asks for. */
async function firstLoad(page: Page, path: string): Promise<number> {
  const html = await (await page.request.get(path)).text();
  const scripts = [...html.matchAll(/<script[^>]*src="([^"]+)"[^>]*>/g)].filter(
    ([tag]) => !tag.includes("noModule"),
  );
  let bytes = 0;
  for (const source of new Set(scripts.map((match) => match[1])))
    bytes += gzipSync(await (await page.request.get(source)).body()).length;
  return bytes / 1000;
}

/** Largest contentful paint of a page's first load in a fresh browser context, in milliseconds. */
async function largestPaint(browser: Browser, baseURL: string, path: string): Promise<number> {
  const context = await browser.newContext({ baseURL, viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForLoadState("networkidle");
    return await page.evaluate(
      () =>
        new Promise<number>((resolve) =>
          new PerformanceObserver((list) => resolve(list.getEntries().at(-1)?.startTime ?? 0)).observe({
            type: "largest-contentful-paint",
            buffered: true,
          }),
        ),
    );
  } finally {
    await context.close();
  }
}

async function pageRows(browser: Browser, page: Page, baseURL: string, run: string): Promise<BenchRow[]> {
  const pages = [
    ["overview", "/"],
    ["report", run],
    ["inputs", `${run}/inputs`],
    ["input", `${run}/inputs/none`],
    ["detector", `${run}/detector`],
    ["printable report", `${run}/print`],
    ["comparison", "/compare"],
    ["concept sets", "/concepts"],
    ["specifications", "/specifications"],
    ["sign-in", "/sign-in"],
  ];
  const rows: BenchRow[] = [];
  for (const [name, path] of pages)
    rows.push(
      lessIsBetter(`first-load script, ${name}`, await firstLoad(page, path), scriptBudget, "kB gzip"),
    );
  for (const [name, path] of pages.slice(0, 2)) {
    const paints: number[] = [];
    for (let i = 0; i < loads; i++) paints.push(await largestPaint(browser, baseURL, path));
    rows.push(
      lessIsBetter(
        `largest contentful paint, ${name}`,
        summary(paints).median,
        null,
        "ms",
        `median of ${loads} loads`,
      ),
    );
  }
  return rows;
}

function interactionRows(ours: Latencies, plot: Latencies & { draw: number }): BenchRow[] {
  const row = (name: string, own: number[], peer?: number[]) => {
    const { median, worst } = summary(own);
    const rival = peer && { name: plotName, value: summary(peer).median };
    return lessIsBetter(
      `${name}, ${size}`,
      median,
      rival ?? null,
      "ms",
      `worst of ${own.length}: ${worst.toFixed(0)} ms`,
    );
  };
  const { pointer, keyboard = [], scroll = [], order } = ours;
  return [
    row("pointer to readout", pointer, plot.pointer),
    row("order switched", order, plot.order),
    row("arrow key to readout", keyboard),
    row("scrolled by 400 pixels", scroll),
    lessIsBetter(
      `worst interaction, ${size}`,
      summary([...pointer, ...keyboard, ...scroll, ...order]).worst,
      interactionBudget,
      "ms",
    ),
  ];
}

const { status } = spawnSync(
  "npx",
  ["turbo", "run", "build", "--filter=@faultline/web", "--output-logs=errors-only"],
  {
    stdio: "inherit",
  },
);
if (status !== 0) throw new Error("the dashboard does not build");
const folder = mkdtempSync(join(tmpdir(), "faultline-bench-dashboard-"));
// As root, the embedded server runs as a user of its own, who must be able to enter its folder's parents.
chmodSync(folder, 0o755);
const server = await startEmbeddedPostgres({ dataDirectory: join(folder, "postgres") });
try {
  await migrate(server.url);
  const database = openDatabase(server.url);
  const runId = await createWideRun(database);
  await database.close();
  const stack = await startStack(server.url, folder);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const context = await browser.newContext({
      baseURL: stack.webUrl,
      viewport: { width: 1440, height: 900 },
    });
    // tsx names functions by this helper, and what is evaluated in the page keeps the calls.
    await context.addInitScript("globalThis.__name = (named) => named");
    const page = await context.newPage();
    const path = `/runs/${encodeURIComponent(Buffer.from(`Run:${runId}`).toString("base64"))}`;
    const { latencies, values } = await ownLatencies(page, path);
    const plot = await plotLatencies(page, values);
    const rows = [
      ...interactionRows(latencies, plot),
      ...(await pageRows(browser, page, stack.webUrl, path)),
    ];
    report("dashboard", rows, { chromium: browser.version() });
  } finally {
    await browser.close();
    await stack.stop();
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
