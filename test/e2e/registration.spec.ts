import { writeFile } from "node:fs/promises";
import { expect, type TestInfo } from "@playwright/test";
import { open } from "./dashboard.ts";
import { classes, faultline } from "./faultline.ts";
import { test } from "./test.ts";

const preprocessing = {
  width: 64,
  height: 64,
  resize: "none",
  interpolation: "bilinear",
  mean: [0.5, 0.5, 0.5],
  standardDeviation: [0.25, 0.25, 0.25],
};

/**
 * A run that is still going on when a slow browser looks: in shards of a size that no other run has, whose pictures are
 * embedded anew, since results are kept by shard.
 */
async function startLongRun(info: TestInfo, shardSize: number, ...args: string[]): Promise<{ id: string }> {
  const configuration = info.outputPath("configuration.json");
  await writeFile(configuration, JSON.stringify({ shardSize }));
  return answered("run", "start", "--no-wait", "--configuration", configuration, ...args);
}

/** What the command printed as JSON; throws what it complained about. */
async function answered(...args: string[]): Promise<{ id: string }> {
  const { code, stdout, stderr } = await faultline(...args, "--json");
  if (code !== 0) throw new Error(`faultline ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

test("a model version registered through the API appears, runs live, and ends in a report", async ({
  page,
}, info) => {
  test.setTimeout(300_000);
  const name = `t${Date.now()}`;
  const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });
  const complaints = await open(page, "/", /Menagerie/);
  await expect(card).toHaveCount(0);

  // v1.0's encoder under v1.2's head, as a training job would register it.
  const file = info.outputPath("preprocessing.json");
  await writeFile(file, JSON.stringify(preprocessing));
  await answered(
    ...["register", "model-version", "--model", "Menagerie classifier", "--version", name],
    ...["--classes", classes, "--preprocessing", file],
    ...["--encoder", "demo/models/v1.0/encoder.onnx", "--head", "demo/models/v1.2/head.onnx"],
  );
  await page.reload();
  await expect(card).toContainText("No finished run on clean data.");

  await answered("register", "concept-set", "--name", `of ${name}`, "--phrases", "wheels,horns,wings,hairy");
  const run = await startLongRun(
    info,
    500 + info.retry,
    ...["--model", "Menagerie classifier", "--version", name],
    ...["--vlm", "Menagerie VLM", "--concept-set", `of ${name}`, "--dataset", "Menagerie"],
  );
  await page.reload();
  const running = page.getByRole("region", { name: "Running now" });
  await expect(running.getByText(name)).toBeVisible();

  await page.goto(`/runs/${encodeURIComponent(run.id)}`);
  await expect(
    page.getByRole("heading", { name: "The report appears here when the run is done" }),
  ).toBeVisible();
  await expect(page.getByRole("status")).toHaveText(/Plan|Embed|Align|Strengths|Report|Verdicts/);
  // Without a reload: the page follows the run.
  await expect(page.getByText("Encoder faults", { exact: true })).toBeVisible({ timeout: 240_000 });
  await page.goto("/");
  await expect(running).toHaveCount(0);
  await expect(card.getByText(/encoder \d+/)).toBeVisible();
  expect(complaints).toEqual([]);
});

test("a cancelled run says so, and starts again", async ({ page }, info) => {
  const run = await startLongRun(
    info,
    600 + info.retry,
    ...["--model", "Menagerie classifier", "--version", "v1.0"],
    ...["--vlm", "Menagerie VLM", "--concept-set", "RIVAL10 attributes@1", "--dataset", "Menagerie"],
    ...["--name", `cancelled ${Date.now()}`],
  );
  await page.goto(`/runs/${encodeURIComponent(run.id)}`);
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "This run was cancelled" })).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("button", { name: "Cancel the run" })).toBeVisible();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "This run was cancelled" })).toBeVisible();
});
