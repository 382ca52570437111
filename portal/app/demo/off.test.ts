import { randomBytes } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";

const URL = "http://portal.example";

afterEach(() => vi.unstubAllEnvs());

/** What a portal answers at /demo, and whether its first page links there. */
async function portalWith(demo: string) {
  const variables = {
    NODE_ENV: "test",
    APP_URL: URL,
    SUPABASE_URL: "http://127.0.0.1:9",
    SUPABASE_PUBLISHABLE_KEY: "sb_publishable_0123456789",
    SUPABASE_SECRET_KEY: "sb_secret_0123456789abc",
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    DEMO: demo,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  vi.resetModules();
  const [page, landing, services] = await Promise.all([import("~/routes/demo"), import("~/routes/_index"), import("~/services.server")]);
  const args = (path: string) => ({ request: new Request(URL + path), params: {}, context: {} });
  try {
    const answer = await Promise.resolve()
      .then(() => page.loader(args("/demo")))
      .catch((thrown: unknown) => thrown as Response);
    return { status: answer.status, ...(await landing.loader(args("/"))) };
  } finally {
    await services.limiter.dispose();
    services.admission.dispose();
  }
}

test("the demo is there unless the installation does without it", async () => {
  expect(await portalWith("")).toEqual({ status: 200, demo: true });
  expect(await portalWith("off")).toEqual({ status: 404, demo: false });
});
