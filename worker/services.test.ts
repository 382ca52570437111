// What the worker may reach, as its environment has it.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "@gpt-agent/core/env";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServices, type Services } from "./services.ts";

/** Inner addresses: one in place of HubSpot, one that agents may call, one of which nobody has said anything. */
let inner: Record<"hubspot" | "erp" | "other", { server: Server; url: string }>;
let folder: string;
let services: Services;

async function listen() {
  const server = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpt-agent-services-"));
  const [hubspot, erp, other] = await Promise.all([listen(), listen(), listen()]);
  inner = { hubspot, erp, other };
  services = await createServices(
    parseEnv("worker", {
      NODE_ENV: "test",
      LOG_LEVEL: "error",
      SUPABASE_URL: "http://127.0.0.1:9",
      SUPABASE_PUBLISHABLE_KEY: "sb_publishable_of_a_test",
      SUPABASE_SECRET_KEY: "sb_secret_of_a_test_only",
      ENCRYPTION_KEY: randomBytes(32).toString("base64"),
      APP_URL: "http://portal.example",
      QUEUE_FOLDER: join(folder, "queue"),
      HUBSPOT_URL: `${hubspot.url}/some/path`,
      EGRESS_ALLOW: erp.url,
    }),
  );
}, 60_000);
afterAll(async () => {
  await services?.queue.close();
  for (const { server } of Object.values(inner ?? {})) server.close();
  await rm(folder, { recursive: true, force: true });
});

describe("T39: inner addresses", () => {
  test("a CRM that the operator put elsewhere is reached without EGRESS_ALLOW, by its own way out alone", async () => {
    await expect(services.crmEgress(inner.hubspot.url)).resolves.toMatchObject({ status: 200 });
    await expect(services.egress(inner.hubspot.url)).rejects.toMatchObject({ code: "bad_url" });
  });

  test("the way out to CRMs reaches no other: not what agents may call, not a neighbour's port", async () => {
    for (const { url } of [inner.erp, inner.other]) await expect(services.crmEgress(url)).rejects.toMatchObject({ code: "bad_url" });
    await expect(services.crmEgress("https://127.0.0.1/")).rejects.toMatchObject({ code: "address_refused" });
    await expect(services.egress(inner.erp.url)).resolves.toMatchObject({ status: 200 });
  });
});
