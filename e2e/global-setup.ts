import { startPlatform } from "./platform.ts";

/** One platform for all specs; each spec makes its own organization. Its address reaches them as PLATFORM_URL. */
export default async function globalSetup() {
  const platform = await startPlatform();
  process.env.PLATFORM_URL = platform.url;
  process.env.PLATFORM_DATA = platform.dataFolder;
  return async () => {
    await platform.stop();
  };
}
