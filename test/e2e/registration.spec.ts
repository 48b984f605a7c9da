import { fileURLToPath } from "node:url";
import {
  Client,
  createConceptSet,
  findMembers,
  registerModelVersion,
  startRun,
  waitForRun,
} from "@faultline/cli";
import { expect, test } from "@playwright/test";
import { open } from "./dashboard.ts";

const client = new Client({ url: process.env.FAULTLINE_API_URL ?? "", project: "menagerie" });
const classes = ["truck", "car", "plane", "ship", "cat", "dog", "equine", "deer", "frog", "bird"];
const preprocessing = {
  width: 64,
  height: 64,
  resize: "none",
  interpolation: "bilinear",
  mean: [0.5, 0.5, 0.5],
  standardDeviation: [0.25, 0.25, 0.25],
};

/** Registers v1.0's encoder with v1.2's head under a new name, as a training job would. */
async function registerVersion(name: string) {
  const file = (path: string) => fileURLToPath(new URL(`../../demo/models/${path}`, import.meta.url));
  const members = await findMembers(client, "menagerie", {
    model: "Menagerie classifier",
    vlm: "Menagerie VLM",
    dataset: "Menagerie",
  });
  const version = await registerModelVersion(client, {
    modelId: members.model,
    name,
    description: "Registered by a test.",
    classes,
    encoderSha256: await client.upload(file("v1.0/encoder.onnx")),
    headSha256: await client.upload(file("v1.2/head.onnx")),
    preprocessing,
  });
  return { members, version };
}

test("a model version registered through the API appears, runs live, and ends in a report", async ({
  page,
}) => {
  test.setTimeout(150_000);
  const name = `t${Date.now()}`;
  const complaints = await open(page, "/", /Menagerie/);
  await expect(page.getByRole("heading", { name, exact: true })).toHaveCount(0);
  const { members, version } = await registerVersion(name);
  await page.reload();
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });
  await expect(card).toContainText("No finished run on clean data.");

  const conceptSet = await createConceptSet(client, {
    projectId: members.project,
    name: `of ${name}`,
    phrases: ["wheels", "horns", "wings", "hairy"],
    templates: ["a photo of {}"],
  });
  const run = await startRun(client, {
    name: `${name} clean`,
    modelVersionId: version.id,
    visionLanguageModelId: members.vlm,
    conceptSetId: conceptSet.id,
    datasetId: members.dataset,
  });
  await page.reload();
  const running = page.getByRole("region", { name: "Running now" });
  await expect(running.getByText(name)).toBeVisible();
  await expect(running.getByRole("status")).toHaveText(/Embed|Align|Strengths|Report|Verdicts/);

  await page.goto(`/runs/${encodeURIComponent(run.id)}`);
  await expect(
    page.getByRole("heading", { name: "The report appears here when the run is done" }),
  ).toBeVisible();
  await waitForRun(client, run.id, () => {});
  // Without a reload: the page follows the run.
  await expect(page.getByText("Encoder faults", { exact: true })).toBeVisible();
  await page.goto("/");
  await expect(card.getByText(/encoder \d+/)).toBeVisible();
  expect(complaints).toEqual([]);
});
