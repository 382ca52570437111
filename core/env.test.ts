import { describe, expect, test } from "vitest";
import { crmConfig } from "./crm/crms.ts";
import { parseEnv } from "./env.ts";

const needed = {
  SUPABASE_URL: "http://127.0.0.1:54321",
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_0123456789",
  SUPABASE_SECRET_KEY: "sb_secret_0123456789abc",
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  APP_URL: "https://portal.example",
};

describe("registrations with CRMs", () => {
  test("none are needed", () => {
    expect(crmConfig(parseEnv("portal", needed))).toEqual({ apps: {}, urls: {} });
  });

  test("each is read for its own CRM and cloud", () => {
    const pairs = ["HUBSPOT", "SALESFORCE", "PIPEDRIVE", "AMOCRM", "KOMMO", "BITRIX24"].flatMap((name) => [
      [`${name}_CLIENT_ID`, `id of ${name}`],
      [`${name}_CLIENT_SECRET`, `secret of ${name}`],
    ]);
    const config = crmConfig(
      parseEnv("worker", { ...needed, ...Object.fromEntries(pairs), QUEUE_FOLDER: "q", AMOCRM_URL: "http://127.0.0.1:1", HUBSPOT_URL: "" }),
    );
    const app = (name: string) => ({ clientId: `id of ${name}`, clientSecret: `secret of ${name}` });
    expect(config.apps).toEqual({
      "hubspot.global": app("HUBSPOT"),
      "salesforce.global": app("SALESFORCE"),
      "pipedrive.global": app("PIPEDRIVE"),
      "amocrm.ru": app("AMOCRM"),
      "amocrm.global": app("KOMMO"),
      "bitrix24.ru": app("BITRIX24"),
      "bitrix24.global": app("BITRIX24"),
    });
    expect(config.urls).toEqual({ amocrm: "http://127.0.0.1:1" });
  });

  test("an id without its secret, or a secret without its id, names what is missing", () => {
    expect(() => parseEnv("portal", { ...needed, HUBSPOT_CLIENT_ID: "x" })).toThrow(/HUBSPOT_CLIENT_SECRET is missing: .*both or neither/);
    expect(() => parseEnv("worker", { ...needed, QUEUE_FOLDER: "q", KOMMO_CLIENT_SECRET: "x" })).toThrow(/KOMMO_CLIENT_ID is missing/);
  });
});
