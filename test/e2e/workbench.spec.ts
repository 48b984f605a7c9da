import { expect } from "@playwright/test";
import { open, runIds, runPath, settled } from "./dashboard.ts";
import { test } from "./test.ts";

test("the detector page weighs false alarms against misses, publishes, and hands out what to run", async ({
  page,
}) => {
  const complaints = await open(page, `${await runPath(page, "v1.2 clean")}/detector`, /v1\.2/);
  const threshold = page.getByRole("slider").first();
  const words = () => page.getByRole("img", { name: /^Misses: / }).getAttribute("aria-label");
  const before = await words();
  await threshold.focus();
  await page.keyboard.press("End");
  await expect.poll(words).not.toBe(before);
  expect(await words()).toMatch(/^Misses: 0 of 137 /);
  const name = `gate-${Date.now()}`;
  const form = page.getByRole("region", { name: "Publish a detector" });
  await form.getByLabel("Name").fill(name);
  await form.getByRole("button", { name: "Publish" }).click();
  await expect(page.getByRole("row", { name: new RegExp(name) })).toBeVisible();
  const waiting = page.waitForEvent("download");
  await page.getByRole("link", { name: `Artifact of ${name} v1 as JSON` }).click();
  expect((await waiting).suggestedFilename()).toMatch(/\.json$/);
  for (const language of ["curl", "TypeScript"])
    await expect(page.getByRole("tab", { name: language })).toBeVisible();
  expect(complaints).toEqual([]);
});

test("a concept set is edited as text and saved as a new version", async ({ page }) => {
  await open(page, "/concepts", /Concept sets/);
  await page.getByRole("region", { name: "Versions of concept sets" }).getByRole("link").first().click();
  await settled(page);
  const phrases = page.getByLabel(/^Concepts, one phrase a line/);
  const word = `spare tyre ${Date.now()}`;
  await phrases.fill(`${await phrases.inputValue()}\n${word}`);
  await expect(page.getByRole("region", { name: "List of changes" })).toContainText(word);
  await page.getByRole("button", { name: "Save as a new version" }).click();
  await expect(page.getByLabel(/^Concepts, one phrase a line/)).toHaveValue(new RegExp(word));
  await expect(page.getByRole("button", { name: "Save as a new version" })).toBeDisabled();
});

test("a property is checked: what holds, what breaks it, and where it cannot be read", async ({ page }) => {
  const id = (await runIds(page)).get("v1.1 clean") ?? "";
  const complaints = await open(page, `/specifications?run=${encodeURIComponent(id)}`, /Specifications/);
  const property = page.getByRole("textbox", { name: "Property" });
  await property.fill("label(car) => predicted(car)");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByText(/43 of 150/)).toBeVisible();
  await expect(page.getByRole("heading", { name: /Counterexamples/ })).toBeVisible();
  await property.fill("label(car) => ");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "The specification cannot be read" })).toBeVisible();
  expect(complaints).toEqual([]);
});

test("a wrong token is refused with a reason", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByLabel(/token/i).fill("flt_wrong_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Not signed in" })).toBeVisible();
});

test("the printable reports stand without the dashboard around them", async ({ page }) => {
  const run = await runPath(page, "v1.1 clean");
  const all = await runIds(page);
  const ids = ["v1.0 clean", "v1.0 under PGD"].map((name) => all.get(name)).join(",");
  for (const [path, content] of [
    [`${run}/print`, "88.6 %"],
    [`/compare/print?runs=${encodeURIComponent(ids)}`, "PGD"],
  ]) {
    await page.goto(path);
    await settled(page);
    await expect(page.getByText(content).first()).toBeVisible();
    await page.emulateMedia({ media: "print" });
    await expect(page.getByRole("banner")).toBeHidden();
    await page.emulateMedia({ media: "screen" });
  }
});
