import { defineConfig, devices } from "@playwright/test";

// `npm test -- browser` builds the dashboard, starts the demo and passes its address.
const baseURL = process.env.FAULTLINE_WEB_URL;
if (!baseURL) throw new Error("FAULTLINE_WEB_URL is unset: run `npm test -- browser`, which starts the demo");

export default defineConfig({
  testDir: "e2e",
  outputDir: "results",
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  // On a busy CI machine a page may be later than a test waits; scripts/test.mjs says which ones needed a second try.
  retries: process.env.CI ? 1 : 0,
  reporter: [["list"], ["json"]],
  use: {
    ...devices["Desktop Chrome"],
    baseURL,
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
      ],
    },
    // Recording every test doubles its time.
    trace: "on-first-retry",
  },
});
