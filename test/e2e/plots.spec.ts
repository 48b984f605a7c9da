import { readFile } from "node:fs/promises";
import { expect } from "@playwright/test";
import { open, runIds, runPath, settled } from "./dashboard.ts";
import { test } from "./test.ts";

test("a heatmap's cells are read by keyboard and by pointer, with pictures", async ({ page }) => {
  await open(page, await runPath(page, "v1.0 clean"), /v1\.0/);
  const plot = page.getByRole("figure", { name: "Class × concept" });
  const cells = plot.getByRole("application");
  await cells.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await expect(plot.getByText(/win rate [01]\.\d{3}, 150 inputs$/)).toBeAttached();
  await cells.hover({ position: { x: 400, y: 200 } });
  await expect(plot.getByText(/win rate/).first()).toBeVisible();
  await expect(plot.locator("img").first()).toBeVisible();
});

test("clustered and alphabetical order differ, and both are drawn", async ({ page }) => {
  await open(page, await runPath(page, "v1.0 clean"), /v1\.0/);
  const plot = page.getByRole("figure", { name: "Class × concept" });
  const picture = () => plot.locator("canvas").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const clustered = await picture();
  await plot.getByRole("radio", { name: "A–Z" }).click();
  await expect.poll(picture).not.toBe(clustered);
  await plot.getByRole("radio", { name: "Clustered" }).click();
  await expect.poll(picture).toBe(clustered);
});

test("the class and every kind of concept × concept heatmap can be chosen", async ({ page }) => {
  await open(page, await runPath(page, "v1.1 clean"), /v1\.1/);
  await page.getByLabel("Class", { exact: true }).selectOption("car");
  await expect(page).toHaveURL(/class=car/);
  await expect(page.getByRole("figure", { name: "Correct − incorrect of car" })).toBeVisible();
  const plot = page.getByRole("figure", { name: "Concept × concept of car" });
  for (const [kind, inputs] of [
    ["Output label", /52 inputs/],
    ["Correct", /43 inputs/],
    ["Incorrect", /107 inputs/],
    ["Differential", /43 correct and 107 incorrect inputs/],
    ["Ground truth", /150 inputs/],
  ] as const) {
    await plot.getByRole("radio", { name: kind, exact: true }).click();
    await settled(page);
    await expect(plot.locator("p", { hasText: inputs })).toBeVisible();
  }
  await plot.getByRole("radio", { name: "Binarised" }).click();
  await expect(plot.getByRole("radio", { name: "Binarised" })).toBeChecked();
});

test("every plot has its numbers as a table, and saves itself", async ({ page }) => {
  await open(page, await runPath(page, "v1.1 clean"), /v1\.1/);
  const plot = page.getByRole("figure", { name: "Faults by class" });
  for (const [item, beginning] of [
    ["SVG drawing", "<svg"],
    ["PNG picture", "PNG"],
    ["CSV table", "Class,Inputs,Accuracy"],
  ]) {
    await plot.getByRole("button", { name: "Save Faults by class" }).click();
    const menuItem = page.getByRole("menuitem", { name: item });
    const waiting = page.waitForEvent("download");
    await menuItem.click();
    const content = await readFile(await (await waiting).path());
    expect(content.toString("latin1", 0, 64)).toContain(beginning);
  }
  await plot.getByRole("button", { name: "Faults by class as a table" }).click();
  await expect(plot.getByRole("row", { name: /^car 150/ })).toBeVisible();
});

test("a comparison's state is its address", async ({ page }) => {
  const ids = await runIds(page);
  const runs = ["v1.0 clean", "v1.1 clean", "v1.0 under FGSM"].map((name) => ids.get(name));
  await open(page, `/compare?runs=${encodeURIComponent(runs.join(","))}`, /Compare runs/);
  await page.getByRole("radio", { name: "v1.0 · FGSM" }).click();
  const chosenClass = page.getByLabel("Class", { exact: true });
  await chosenClass.selectOption("car");
  // The address is whole when the page shows both: while Next follows the first change, it writes that one again.
  await expect(chosenClass).toHaveValue("car");
  await expect(page.getByRole("radio", { name: "v1.0 · FGSM" })).toBeChecked();
  await expect(page).toHaveURL(/class=car&against=2/);
  await settled(page);
  await expect(page.getByRole("figure", { name: "v1.0 · FGSM − v1.0 · clean" })).toBeVisible();
  const address = page.url();
  const second = await page.context().newPage();
  await second.goto(address);
  await expect(second.getByRole("figure", { name: "v1.0 · FGSM − v1.0 · clean" })).toBeVisible();
  await expect(second.getByLabel("Class", { exact: true })).toHaveValue("car");
  await expect(
    second.getByRole("region", { name: "Regressions", exact: true }).getByRole("row").nth(1),
  ).toBeVisible();
});

test("the theme switch goes round and is kept", async ({ page }) => {
  await open(page, "/", /Menagerie/);
  await page.getByRole("button", { name: /Switch to light/ }).click();
  await page.getByRole("button", { name: /Switch to dark/ }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("small multiples and references save themselves too", async ({ page }) => {
  const ids = await runIds(page);
  const runs = ["v1.0 clean", "v1.1 clean"].map((name) => ids.get(name)).join(",");
  const plots = [
    [`/compare?runs=${encodeURIComponent(runs)}`, /Compare runs/, "Class × concept, side by side", 2],
    [
      `${await runPath(page, "v1.1 clean")}/inputs/test/car/test-0016`,
      /v1\.1/,
      "Heatmap beside its references",
      3,
    ],
  ] as const;
  for (const [path, heading, name, drawings] of plots) {
    await open(page, path, heading);
    const plot = page.getByRole("figure", { name, exact: true });
    await expect(plot.locator("canvas")).toHaveCount(drawings);
    await plot.getByRole("button", { name: `Save ${name}` }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "SVG drawing" }).click();
    const svg = await readFile(await (await waiting).path(), "utf8");
    expect(svg.match(/<image href="data:image\/png/g)).toHaveLength(drawings);
    expect(svg).toContain(">wheels</text>");
  }
});
