import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { crmConfig } from "./crm/crms.ts";
import { parseEnv, variablesOf } from "./env.ts";

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

describe("backups", () => {
  const worker = { ...needed, QUEUE_FOLDER: "q" };
  test("a place without a key, or a bucket without its keys, is noticed at the start", () => {
    expect(() => parseEnv("worker", { ...worker, BACKUP_TARGET: "/backups" })).toThrow(/BACKUP_KEY is missing/);
    const bucket = { ...worker, BACKUP_TARGET: "s3://b/p", BACKUP_KEY: needed.ENCRYPTION_KEY, BACKUP_S3_ACCESS_KEY_ID: "id" };
    expect(() => parseEnv("worker", bucket)).toThrow(/BACKUP_S3_SECRET_ACCESS_KEY is missing/);
    expect(() => parseEnv("worker", { ...worker, BACKUP_KEEP: "7" })).toThrow(/BACKUP_KEEP is malformed/);
  });
  test("the retention is seven days, four weeks and twelve months unless it says otherwise", () => {
    expect(parseEnv("worker", worker).BACKUP_KEEP).toEqual({ daily: 7, weekly: 4, monthly: 12 });
    expect(parseEnv("worker", { ...worker, BACKUP_KEEP: "14,8,0" }).BACKUP_KEEP).toEqual({ daily: 14, weekly: 8, monthly: 0 });
  });
});

describe("what is written about the environment", () => {
  const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  const readByProcesses = new Set((["portal", "worker", "backend", "recovery"] as const).flatMap(variablesOf));
  const list = (folder: string) => readdirSync(new URL(`../${folder}`, import.meta.url)).map((name) => `${folder}/${name}`);
  /** Read by the start scripts themselves, before there is a schema. */
  const scripts = ["HOST"];
  const known = new Set([...readByProcesses, ...scripts]);
  const secrets = read("docs/SECRETS.md");
  const example = read(".env.example");
  const given = (text: string) => [...text.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name!);

  test("the test sees the variables", () => {
    for (const name of ["SUPABASE_URL", "WORKER_PORT", "BACKUP_KEY", "LLM_API_KEY"]) expect(known).toContain(name);
    expect(given("# A_B=1\nCC=\n#DD=2\nno EE=3")).toEqual(["A_B", "CC", "DD"]);
  });

  test("docs/SECRETS.md tells of every variable that a process reads", () => {
    expect([...known].filter((name) => !new RegExp(`\\b${name}\\b`).test(expanded(secrets)))).toEqual([]);
  });

  test("docs/SECRETS.md and .env.example name no variable that nothing reads", () => {
    const told = [...secrets.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g)].map(([, name]) => name!).filter((name) => !name.endsWith("_"));
    const parts = ["CLIENT_ID", "CLIENT_SECRET"];
    // Builds and workflows read some of their own.
    const elsewhere = ["portal/vite.config.ts", ...list("scripts"), ...list(".github/workflows")].map(read).join("\n");
    const isRead = (name: string) => known.has(name) || parts.includes(name) || new RegExp(`\\b${name}\\b`).test(elsewhere);
    expect([...new Set(told)].filter((name) => !isRead(name))).toEqual([]);
    expect(given(example).filter((name) => !known.has(name))).toEqual([]);
  });

  test(".env.example has each variable of the scaled mode, once", () => {
    // Set by the supervisor of the embedded mode, or for tests alone (docs/SECRETS.md says so).
    const notForPeople = /^(SUPABASE_JWT_SECRET|BACKEND_PORT|MAILBOX_FOLDER|(HUBSPOT|SALESFORCE|PIPEDRIVE|AMOCRM|BITRIX24)_URL)$/;
    const wanted = [...known].filter((name) => !notForPeople.test(name)).sort();
    expect(given(example).sort()).toEqual(wanted);
  });

  /** Rows of the table that name several at once: `HUBSPOT_`, `KOMMO_` + `CLIENT_ID`. */
  function expanded(text: string): string {
    const [, prefixes = ""] = /\| ((?:`[A-Z0-9]+_`(?:, )?)+) \+ `CLIENT_ID`/.exec(text) ?? [];
    const names = [...prefixes.matchAll(/`([A-Z0-9]+_)`/g)].flatMap(([, prefix]) => [`${prefix}CLIENT_ID`, `${prefix}CLIENT_SECRET`]);
    return `${text}\n${names.join("\n")}`;
  }
});

describe("who in front of the portal is believed", () => {
  const proxies = (TRUSTED_PROXIES: string) => parseEnv("portal", { ...needed, TRUSTED_PROXIES }).TRUSTED_PROXIES;

  test("nobody, so many, or those at these addresses", () => {
    expect(parseEnv("portal", needed).TRUSTED_PROXIES).toBe(0);
    expect(proxies("0")).toBe(0);
    expect(proxies("2")).toBe(2);
    expect(proxies("10.0.0.0/8, 192.0.2.7,2001:db8::/32")).toEqual(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
  });

  test.each(["-1", "11", "true", "*", "10.0.0.0/33", "10.0.0.0/8,", "proxy.example", "uniquelocal"])("%s is none of these", (text) => {
    expect(() => proxies(text)).toThrow(/TRUSTED_PROXIES is malformed: must be a number/);
  });
});

describe("where errors are reported", () => {
  test.each(["https://abc@o1.ingest.sentry.io/1", "http://abc@127.0.0.1:9000/prefix/42"])("%s is a DSN", (SENTRY_DSN) => {
    expect(parseEnv("portal", { ...needed, SENTRY_DSN }).SENTRY_DSN).toBe(SENTRY_DSN);
  });

  test.each(["https://o1.ingest.sentry.io/1", "abc", "https://abc@host/", "https://abc:secret@host/1", "ftp://abc@host/1"])(
    "%s is none",
    (SENTRY_DSN) => {
      expect(() => parseEnv("worker", { ...needed, QUEUE_FOLDER: "q", SENTRY_DSN })).toThrow(/SENTRY_DSN is malformed/);
    },
  );
});
