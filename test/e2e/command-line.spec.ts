import { expect, test } from "@playwright/test";
import { classes, faultline } from "./faultline.ts";

async function runOf(version: string): Promise<string> {
  const response = await fetch(new URL("/graphql", process.env.FAULTLINE_API_URL), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      query: `{ project(slug: "menagerie") { runs(first: 20) { edges { node { id name } } } } }`,
    }),
  });
  const { data } = await response.json();
  const runs: { node: { id: string; name: string } }[] = data.project.runs.edges;
  const found = runs.find(({ node }) => node.name === `${version} clean`);
  if (!found) throw new Error(`the demo has no run of ${version}`);
  return found.node.id;
}

test("gate passes the sound version and fails the faulty one", async () => {
  const sound = await runOf("v1.0");
  const passed = await faultline("gate", sound, "--min-accuracy", "0.95");
  expect(passed).toMatchObject({ code: 0 });
  const failed = await faultline(
    "gate",
    await runOf("v1.2"),
    "--baseline",
    sound,
    "--min-accuracy",
    "0.95",
    "--max-regressions",
    "20",
    "--json",
  );
  expect(failed.code).toBe(1);
  const { checks } = JSON.parse(failed.stdout);
  expect(checks).toMatchObject([
    { name: "accuracy", passed: false },
    { name: "regressions", passed: false },
  ]);
});

test("verdicts streams what not to trust", async () => {
  const { code, stdout } = await faultline(
    "verdicts",
    await runOf("v1.2"),
    "--verdict",
    "DEFECT",
    "--true-class",
    "deer",
  );
  expect(code).toBe(0);
  const verdicts = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(verdicts.length).toBeGreaterThan(10);
  for (const verdict of verdicts) expect(verdict).toMatchObject({ verdict: "DEFECT", trueClass: "deer" });
});

test("register refuses what does not fit, naming the field", async () => {
  const register = (version: string, head: string, names = classes) =>
    faultline(
      ...["register", "model-version", "--model", "Menagerie classifier", "--version", version],
      ...["--classes", names, "--encoder", "demo/models/v1.0/encoder.onnx", "--head", head],
    );
  const unprepared = await register("vX", "demo/models/v1.0/head.onnx");
  expect(unprepared).toMatchObject({ code: 2, stderr: expect.stringContaining("input.preprocessing") });
  const few = await register("vX", "demo/models/vlm/text-tower.onnx", "a,b");
  expect(few).toMatchObject({ code: 2, stderr: expect.stringContaining("input.") });
  const oneConcept = await faultline("register", "concept-set", "--name", "one", "--phrases", "wheels");
  expect(oneConcept).toMatchObject({ code: 2, stderr: expect.stringContaining("input.phrases") });
});
