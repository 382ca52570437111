import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serviceDb, userDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BackendConfig, startBackend } from "./backend.ts";
import { PLACES, type TestPlace } from "./test-backend.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
let folder: string;
let good: BackendConfig;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpt-agent-backend-"));
  good = {
    folder: join(folder, "database"),
    storageFolder: join(folder, "storage"),
    migrationsFolder: here("../migrations"),
    templatesFolder: here("../templates"),
    port: 0,
    publishableKey: "sb_publishable_0123456789abcdef",
    secretKey: "sb_secret_0123456789abcdef",
    jwtSecret: "0123456789abcdef0123456789abcdef",
    siteUrl: "http://localhost:3000",
    email: { async send() {} } as never,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("A9: the backend refuses to start", () => {
  test.each<[string, Partial<BackendConfig>, RegExp]>([
    ["without a publishable key", { publishableKey: "" }, /both API keys/],
    ["without a secret key", { secretKey: "" }, /both API keys/],
    [
      "with the keys swapped",
      { publishableKey: "sb_secret_0123456789abcdef", secretKey: "sb_publishable_0123456789abcdef" },
      /both API keys/,
    ],
    ["with a guessable key", { secretKey: "sb_secret_123" }, /both API keys/],
    ["with a key that has a space", { secretKey: "sb_secret_0123456789 abcdef" }, /both API keys/],
    ["without a JWT secret", { jwtSecret: "" }, /32 characters/],
    ["with a short JWT secret", { jwtSecret: "0123456789abcdef0123456789abcde" }, /32 characters/],
  ])("%s", async (_, bad, message) => {
    await expect(startBackend({ ...good, ...bad })).rejects.toThrow(message);
  });
});

describe.each(PLACES)("on %s", (_kind, open) => {
  let place: TestPlace;
  let onPlace: BackendConfig;
  beforeAll(async () => {
    place = await open();
    onPlace = { ...good, folder: undefined, ...(await place.empty("kept")) };
  }, 60_000);
  afterAll(() => place?.close());

  test("data, accounts and sessions survive a restart, and no migration runs twice", async () => {
    const config = (url: string) => ({ url, publishableKey: good.publishableKey, secretKey: good.secretKey });
    const account = { email: "a@example.com", password: "correct horse" };
    const first = await startBackend(onPlace);
    const { data: signedUp } = await serviceDb(config(first.url)).auth.signUp(account);
    const token = signedUp.session?.access_token ?? "";
    expect((await userDb(config(first.url), token).rpc("create_organization", { org_name: "Kept", org_slug: "kept" })).error).toBeNull();
    const versions = (await first.db.query("select version from supabase_migrations.schema_migrations order by 1")).rows;
    await first.close();

    const second = await startBackend(onPlace);
    expect((await second.db.query("select version from supabase_migrations.schema_migrations order by 1")).rows).toEqual(versions);
    expect((await userDb(config(second.url), token).from("organizations").select("name")).data).toEqual([{ name: "Kept" }]);
    expect((await serviceDb(config(second.url)).auth.signInWithPassword(account)).error).toBeNull();

    // What Supabase Lite would show to anybody: its studio, its configuration, the whole schema.
    for (const path of [
      "/",
      "/index.html",
      "/_system/config",
      "/_system/info",
      "/_system/introspect",
      "/static/favicon.ico",
      "/rest/v2/organizations",
      "/REST/v1/organizations",
    ]) {
      expect([path, (await fetch(second.url + path)).status]).toEqual([path, 404]);
    }
    for (const path of ["/rest/v1/", "/rest/v1/organizations", "/auth/v1/settings"])
      expect([path, (await fetch(second.url + path)).status]).toEqual([path, 401]);
    // A third one on the same port says so, and ends.
    await expect(startBackend({ ...good, folder: undefined, port: Number(new URL(second.url).port) })).rejects.toThrow(/EADDRINUSE/);
    await second.close();
  }, 120_000);
});
