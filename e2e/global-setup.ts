import { startPlatform } from "./platform.ts";
import { untilDemoIsRead } from "./until-idle.ts";

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
