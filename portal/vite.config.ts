import { fileURLToPath } from "node:url";
import { vitePlugin as remix } from "@remix-run/dev";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vite";

declare module "@remix-run/node" {
  interface Future {
    v3_singleFetch: true;
  }
}

export default defineConfig({
  plugins: [
    tailwindcss(),
    remix({
      ignoredRouteFiles: ["**/*.test.{ts,tsx}"],
      future: {
        v3_fetcherPersist: true,
        v3_lazyRouteDiscovery: true,
        v3_relativeSplatPath: true,
        v3_singleFetch: true,
        v3_throwAbortReason: true,
      },
    }),
  ],
  resolve: { alias: { "~": fileURLToPath(new URL("./app", import.meta.url)) } },
  // The core package is read as TypeScript source, so it is bundled; everything else stays a plain dependency.
  ssr: { noExternal: [/^@gpt-agent\//] },
  // A data: URL would need a wider Content-Security-Policy.
  // Maps of the source are for Sentry alone (scripts/source-maps.mjs): no file names them, and none stays.
  build: { assetsInlineLimit: 0, target: "es2022", sourcemap: process.env.SOURCE_MAPS ? "hidden" : false },
});
