import { keysOf } from "./account.ts";
import { type Platform, startPlatform } from "./platform.ts";

/** Waits until the demo shop's handbook is read: the first start does that in the background. */
async function untilDemoIsRead({ backendUrl, dataFolder }: Platform) {
  const { SUPABASE_SECRET_KEY: apikey } = keysOf(dataFolder);
  for (let attempt = 0; attempt < 600; attempt++) {
    const response = await fetch(`${backendUrl}/rest/v1/sources?select=status`, { headers: { apikey } });
    const sources = (await response.json()) as { status: string }[];
    if (sources.length && sources.every(({ status }) => status === "ready")) return;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error("The demo's documents were not read");
}

/**
 * One platform for all specs; each spec makes its own organization. Its address reaches them as PLATFORM_URL, its owner's
 * sign-in link as PLATFORM_OWNER_LINK.
 */
export default async function globalSetup() {
  const platform = await startPlatform();
  await untilDemoIsRead(platform);
  process.env.PLATFORM_URL = platform.url;
  process.env.PLATFORM_OWNER_LINK = platform.ownerLink;
  process.env.PLATFORM_DATA = platform.dataFolder;
  process.env.PLATFORM_BACKEND = platform.backendUrl;
  return async () => {
    await platform.stop();
  };
}
