import { existsSync } from "node:fs";

/** The Chromium to drive: $CHROMIUM, or the system's. Throws when there is none. */
export function findChromium(): string {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error("No Chromium found. Install one (Debian: apt-get install chromium) or set CHROMIUM to its path.");
  return found;
}
