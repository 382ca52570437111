import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPlatform } from "./platform.ts";
import { untilDemoIsRead } from "./until-idle.ts";

/**
 * One platform for all specs; each spec makes its own organization. Its address reaches them as PLATFORM_URL, its owner's
 * sign-in link as PLATFORM_OWNER_LINK. What it began with, PLATFORM_BEGINNING, is a data folder after a first start without the demo: for specs
 * that need a platform of their own.
 */
export default async function globalSetup() {
  const [beginning, dataFolder] = ["beginning", "e2e"].map((name) => mkdtempSync(join(tmpdir(), `gpt-agent-${name}-`))) as [string, string];
  const first = await startPlatform({ dataFolder: beginning, demo: false });
  await first.stop();
  cpSync(beginning, dataFolder, { recursive: true });
  const platform = await startPlatform({ dataFolder });
  await untilDemoIsRead(platform);
  process.env.PLATFORM_BEGINNING = beginning;
  process.env.PLATFORM_URL = platform.url;
  process.env.PLATFORM_OWNER_LINK = platform.ownerLink;
  process.env.PLATFORM_DATA = platform.dataFolder;
  process.env.PLATFORM_BACKEND = platform.backendUrl;
  return async () => {
    await platform.stop();
    for (const folder of [beginning, dataFolder]) rmSync(folder, { recursive: true, force: true });
  };
}
