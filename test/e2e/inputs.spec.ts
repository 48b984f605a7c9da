import { expect } from "@playwright/test";
import { open, runPath } from "./dashboard.ts";
import { test } from "./test.ts";

test("a cell of the confusion matrix leads to its inputs, and one of them to its explanation", async ({
  page,
}) => {
  const complaints = await open(page, await runPath(page, "v1.1 clean"), /v1\.1/);
  await page.getByRole("link", { name: /^car taken for truck/ }).click();
  await expect(page).toHaveURL(/trueClass=car&predictedClass=truck/);
  const rows = page.getByRole("table", { name: "Inputs" }).getByRole("row");
  await expect(rows.nth(1)).toContainText("car");
  await expect(page.getByText("101 inputs")).toBeVisible();
  await rows.nth(1).getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Strengths" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("truck");
  await expect(page.getByRole("img", { name: /heatmap of 28 concepts/ })).toHaveCount(3);
  expect(complaints).toEqual([]);
});

test("filters narrow the inputs and stand in the address", async ({ page }) => {
  await open(page, `${await runPath(page, "v1.1 clean")}/inputs`, /v1\.1/);
  await expect(page.getByText("1,500 inputs")).toBeVisible();
  await page.getByLabel("Correctness").selectOption("true");
  await expect(page.getByText("171 inputs")).toBeVisible();
  await page.getByRole("button", { name: "Head" }).click();
  await page.getByLabel("Order", { exact: true }).selectOption("SCORE_DESCENDING");
  await expect(page).toHaveURL(/fault=HEAD&misclassified=true&order=SCORE_DESCENDING/);
  const scores = page
    .getByRole("table", { name: "Inputs" })
    .locator('[role="row"] > [role="cell"]:nth-child(7)');
  await expect(scores.nth(3)).toBeVisible();
  const shown = (await scores.allInnerTexts()).slice(0, 5).map((text) => Number(text.replace("−", "-")));
  expect(shown).toEqual(shown.toSorted((a, b) => b - a));
  await page.reload();
  await expect(page.getByLabel("Correctness")).toHaveValue("true");
});

test("the table of inputs is walked by keyboard and draws only what is in sight", async ({ page }) => {
  await open(page, `${await runPath(page, "v1.0 clean")}/inputs`, /v1\.0/);
  const table = page.getByRole("table", { name: "Inputs" });
  await expect(table.getByRole("row").nth(5)).toBeVisible();
  expect(await table.getByRole("row").count()).toBeLessThan(60);
  await table.focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
  const name = await table.locator('[role="row"][aria-rowindex="5"]').getByRole("link").innerText();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 2 }).first()).toContainText(name);
});

test("a view is saved, opened and deleted", async ({ page }) => {
  await open(page, `${await runPath(page, "v1.0 clean")}/inputs?verdict=DEFECT`, /v1\.0/);
  await page.getByRole("button", { name: "Saved views" }).click();
  const name = `Defects ${Date.now()}`;
  await page.getByLabel("Name of this view").fill(name);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name, exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page).not.toHaveURL(/verdict=/);
  await page.getByRole("button", { name: "Saved views" }).click();
  await page.getByRole("button", { name, exact: true }).click();
  await expect(page).toHaveURL(/verdict=DEFECT/);
  await page.getByRole("button", { name: "Saved views" }).click();
  await page.getByRole("button", { name: `Delete ${name}` }).click();
  await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
});

test("an attacked input stands beside its clean one with what lies between them", async ({ page }) => {
  const complaints = await open(
    page,
    `${await runPath(page, "v1.0 under PGD")}/inputs/test/car/test-0016`,
    /PGD/,
  );
  const difference = page.getByRole("img", { name: /amplified 8 times/ });
  await expect(difference).toBeVisible();
  await expect(page.getByRole("img", { name: "Clean", exact: true })).toBeVisible();
  const spread = () =>
    difference.evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const colours = data.filter((_, i) => i % 4 !== 3);
      return colours.reduce((a, b) => Math.max(a, b)) - colours.reduce((a, b) => Math.min(a, b));
    });
  // L-inf 8/255: at most 8 steps either way, 8 times amplified.
  await expect.poll(spread).toBeGreaterThan(60);
  expect(await spread()).toBeLessThanOrEqual(2 * 8 * 8);
  expect(complaints).toEqual([]);
});

test("exports carry the filter", async ({ page }) => {
  await open(page, `${await runPath(page, "v1.1 clean")}/inputs?misclassified=true`, /v1\.1/);
  const waiting = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  const stream = await (await waiting).createReadStream();
  let text = "";
  for await (const chunk of stream) text += chunk;
  expect(text.trim().split("\n")).toHaveLength(172);
});
