import { expect } from "@playwright/test";
import { open, runIds, settled } from "./dashboard.ts";
import { test } from "./test.ts";

test("the overview lists every run of the demo with its numbers", async ({ page }) => {
  const complaints = await open(page, "/", /Menagerie/);
  for (const name of ["v1.0", "v1.1", "v1.2"]) await expect(page.getByText(name).first()).toBeVisible();
  await expect(page.getByText("PGD").first()).toBeVisible();
  await settled(page);
  expect(complaints).toEqual([]);
});

test("the report of v1.1 shows the planted encoder fault and its concept", async ({ page }) => {
  const ids = await runIds(page);
  const complaints = await open(page, `/runs/${encodeURIComponent(ids.get("v1.1 clean") ?? "")}`, /v1\.1/);
  await expect(page.getByText("Encoder faults", { exact: true })).toBeVisible();
  await expect(page.getByText("88.6 %").first()).toBeVisible();
  await expect(page.getByText("wheels").first()).toBeVisible();
  await settled(page);
  expect(complaints).toEqual([]);
});

test("the comparison tells v1.2 from v1.0", async ({ page }) => {
  const ids = await runIds(page);
  const runs = ["v1.0 clean", "v1.2 clean"].map((name) => ids.get(name)).join(",");
  const complaints = await open(page, `/compare?runs=${encodeURIComponent(runs)}`, /Compare runs/);
  await expect(page.getByText("96.3 %").first()).toBeVisible();
  await expect(page.getByText("90.9 %").first()).toBeVisible();
  await settled(page);
  expect(complaints).toEqual([]);
});
