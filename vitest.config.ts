import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const alias = { "~": fileURLToPath(new URL("./portal/app", import.meta.url)) };
// Room for a busy machine: no test measures time.
const node = { environment: "node" as const, testTimeout: 60_000, hookTimeout: 60_000 };
const ignored = ["**/node_modules/**", "**/build/**", "**/dist/**"];

export default defineConfig({
  resolve: { alias },
  test: {
    // Much of a test's time is waiting for processes and servers of its own: two at once even on two cores.
    maxWorkers: 2,
    projects: [
      {
        resolve: { alias },
        test: { ...node, name: "unit", include: ["**/*.test.{ts,tsx}"], exclude: [...ignored, "supabase/**"] },
      },
      { resolve: { alias }, test: { ...node, name: "db", include: ["supabase/**/*.test.ts"], exclude: ignored } },
    ],
  },
});
