// `npm test`: lint and types, then unit and integration tests, then hostile requests against a watched API, then the
// browser tests against the real demo. `npm test -- lint | unit | hostile | browser` runs one stage alone.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDemo } from "./demo-process.mjs";
import { prepare, prepareChromium, root, run } from "./prepare.mjs";

const stageNames = ["lint", "unit", "hostile", "browser"];
const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!stageNames.includes(name)) {
    process.stderr.write(`npm test: no stage "${name}"; there are ${stageNames.join(", ")}\n`);
    process.exit(2);
  }
const stages = wanted.length > 0 ? wanted : stageNames;

const results = mkdtempSync(join(tmpdir(), "faultline-test-"));
// As root, the embedded server runs as a user of its own, who must be able to enter its folder's parents.
chmodSync(results, 0o755);
const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs a test runner that also writes a JSON report; false when it failed. */
function runTests(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  return status === 0;
}

/** @param stage names the report @param config Vitest's */
function runVitest(stage, config) {
  const report = join(results, `${stage}.json`);
  const passed = runTests("npx", [
    "vitest",
    "run",
    `--config=${config}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${report}`,
  ]);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  counts.passed += numPassedTests;
  counts.failed += numFailedTests;
  counts.skipped += numPendingTests + numTodoTests;
  return passed;
}

async function runBrowserTests() {
  const chromium = prepareChromium();
  const demo = await startDemo(["--data-directory", join(results, "data")]);
  try {
    const report = join(results, "playwright.json");
    const passed = runTests("npx", ["playwright", "test", "--config=test/playwright.config.ts"], {
      FAULTLINE_WEB_URL: demo.webUrl,
      FAULTLINE_API_URL: demo.apiUrl,
      PLAYWRIGHT_JSON_OUTPUT_NAME: report,
      ...(chromium ? { CHROMIUM_PATH: chromium } : {}),
    });
    const { expected, unexpected, flaky, skipped } = JSON.parse(readFileSync(report, "utf8")).stats;
    counts.passed += expected + flaky;
    counts.failed += unexpected;
    counts.skipped += skipped;
    if (flaky > 0)
      process.stderr.write(`faultline: ${flaky} browser tests passed on their second try only\n`);
    return passed;
  } finally {
    await demo.stop();
  }
}

prepare();
let passed = true;
try {
  if (stages.includes("lint")) run("npm", ["run", "--silent", "lint"]);
  if (stages.includes("unit")) passed = runVitest("unit", "vitest.config.ts") && passed;
  if (stages.includes("hostile")) passed = runVitest("hostile", "test/hostile/vitest.config.ts") && passed;
  if (stages.includes("browser")) passed = (await runBrowserTests()) && passed;
} finally {
  rmSync(results, { recursive: true, force: true });
}
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
// A runner's exit code has been wrong before: what it counted must agree.
process.exit(passed && counts.failed === 0 ? 0 : 1);
