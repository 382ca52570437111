import { defineConfig } from "@playwright/test";
import { findChromium } from "./chromium.ts";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: "../test-results",
  globalSetup: "./global-setup.ts",
  fullyParallel: false,
  // Each may run a platform of its own beside a browser: more at once only wait for each other.
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  // On a shared CI machine once more; what then passes is named as flaky in the closing report.
  retries: process.env.CI ? 1 : 0,
  use: {
    locale: "en-GB",
    viewport: { width: 1280, height: 800 },
    // The page as it was at each step, and no film of it beside that: pictures of every frame took a third of a test's CPU time. Where a
    // failed test gets a second try, only that is followed.
    trace: { mode: process.env.CI ? "on-first-retry" : "retain-on-failure", screenshots: false },
    launchOptions: {
      executablePath: findChromium(),
      // No sandbox as root (CI containers); no background requests of the browser's own.
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
