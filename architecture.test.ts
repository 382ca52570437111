// The rules of ARCHITECTURE.md ("Who may import whom"), kept by reading import lines.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Past RLS, and therefore few: each of these serves callers who are not Supabase users, or is the worker. */
const SERVICE_DB_FILES = [
  "portal/app/services.server.ts",
  "worker/services.ts",
  "supabase/embedded/main.ts",
  "worker/doctor/examine.ts",
  "supabase/recovery/backup.ts",
  "supabase/recovery/restore.ts",
];
/** A vendor's SDK appears only in its adapters. */
const VENDORS: Record<string, RegExp> = {
  bullmq: /^worker\/(queue\/|services\.ts)/,
  ioredis:
    /^(worker\/queue\/|portal\/app\/(chat\/run-log|http\/limiter)\/|portal\/app\/redis\.server\.ts|worker\/services\.ts|worker\/doctor\/)/,
  openai: /^core\/llm\//,
  nodemailer: /^core\/mail\//,
  pino: /^core\/log\.ts$/,
  "@sentry/node": /^(worker\/services|portal\/app\/telemetry\.server)\.ts$/,
  "@sentry/remix": /^portal\/app\/(reports|replay)\.client\.ts$/,
  "@supabase/lite": /^supabase\//,
  "@electric-sql/pglite": /^(supabase|worker\/queue)\//,
  lit: /^widget\//,
  "prom-client": /^core\/metrics\//,
};

/**
 * T39: who may open connections by themselves, and why that is no way out to an address that a user gave. Everybody else asks
 * core/safe-fetch.ts. Clients of ours (supabase-js, openai, ioredis, pg) dial what the operator configured.
 */
const DIALLERS: Record<string, string> = {
  "core/safe-fetch.ts": "the way out itself",
  "core/db-fetch.ts": "calls the database that the operator configured",
  "core/llm/provider-fetch.ts": "dials the model endpoint that the operator configured",
  "core/backup/embedded-dump.ts": "calls the embedded backend that the operator configured",
  "core/backup/s3-store.ts": "dials the store of backups that the operator configured",
  "worker/doctor/check-outside.ts": "asks the portal and the model endpoint that the operator configured",
  "portal/app/http/report-tunnel.server.ts": "dials the project of Sentry that the operator configured",
  "worker/health.ts": "a server",
  "worker/notices/backend.ts": "calls the embedded backend, whose address the supervisor sets",
  "supabase/embedded/owner.ts": "calls the backend it has just started",
  "worker/ingest/extract-child.ts": "takes fetch away from the parsers",
  "portal/app/api-docs/swagger.client.ts": "runs in the browser, calls the portal",
  "portal/app/components/knowledge/use-live-sources.ts": "runs in the browser, calls the portal",
  "portal/app/http/client-address.ts": "only asks whether a text is an address",
};

type Import = { file: string; line: string; from: string; typeOnly: boolean };

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ["node_modules", "dist", "build"].includes(entry.name) ? [] : sources(path);
    return /\.(ts|tsx|mts)$/.test(entry.name) && !entry.name.endsWith(".d.mts") ? [path] : [];
  });
}

const files = ["core", "portal", "widget", "worker", "supabase"].flatMap(sources);
const isTest = (file: string) => /\.(test|spec|bench)\.tsx?$|\/(tests|testing|fixtures|test-[\w-]+)[/.]|test-\w+\.ts$/.test(file);
/** Programs of other people's, as text to be copied: what they import is not imported here. */
const isSample = (file: string) => /^portal\/app\/(http\/openapi\/([a-z]+-)?|components\/visitors\/)samples\.ts$/.test(file);
const code = files.filter((file) => !isTest(file) && !isSample(file));

/** Where an import leads: a path from the root for our own files, else the package's name. */
function target(file: string, specifier: string): string {
  if (specifier.startsWith("~/")) return `portal/app/${specifier.slice(2)}`;
  if (specifier.startsWith("@gpt-agent/")) return specifier.slice("@gpt-agent/".length);
  if (specifier.startsWith(".")) return normalize(join(dirname(file), specifier));
  return specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : specifier.split("/")[0]!;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found: Import[] = [];
  const pattern = /(?:^|\n)\s*(import|export)\s+(type\s+)?([^;"']*?\sfrom\s+)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[4] ?? match[5]!;
    const names = /\{([^}]*)\}/
      .exec(match[3] ?? "")?.[1]
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const typeOnly =
      Boolean(match[2]) ||
      Boolean(names?.length && names.every((name) => name.startsWith("type ")) && !/^[\w$]/.test((match[3] ?? "").trim()));
    found.push({ file, line: match[0].trim(), from: target(file, specifier), typeOnly });
  }
  return found;
}

const imports = code.flatMap(importsOf);
const from = (folder: string) => imports.filter((item) => item.file.startsWith(`${folder}/`));
const lines = (items: Import[]) => items.map((item) => `${item.file}: ${item.line}`);

describe("who may import whom", () => {
  test("the test sees the code", () => {
    for (const folder of ["core", "portal", "widget", "worker", "supabase"]) expect(from(folder).length).toBeGreaterThan(3);
  });

  test("core imports nothing of ours", () => {
    expect(lines(from("core").filter((item) => /^(portal|worker|widget|supabase|e2e|scripts)\//.test(item.from)))).toEqual([]);
  });

  test("portal and worker never import each other, nor the widget or the embedded backend", () => {
    expect(lines(from("portal").filter((item) => /^(worker|widget|supabase|e2e)\//.test(item.from)))).toEqual([]);
    expect(lines(from("worker").filter((item) => /^(portal|widget|supabase|e2e)\//.test(item.from)))).toEqual([]);
  });

  test("the widget takes only types, from core/chat-events alone", () => {
    const ours = from("widget").filter(
      (item) => /^(core|portal|worker|supabase|[a-z-]+$)/.test(item.from) && !item.from.startsWith("widget/"),
    );
    const foreign = ours.filter((item) => !["lit", "eventsource-parser", "streaming-markdown"].includes(item.from));
    expect(lines(foreign.filter((item) => item.from !== "core/chat-events" || !item.typeOnly))).toEqual([]);
  });

  test("inside the portal data flows one way: routes, then chat, models and http, then core", () => {
    const inner = imports.filter((item) => /^portal\/app\/(api|chat|models|http)\//.test(item.file));
    expect(lines(inner.filter((item) => item.from.startsWith("portal/app/routes/")))).toEqual([]);
    expect(
      lines(
        imports.filter(
          (item) => item.file.startsWith("portal/app/chat/") && /portal\/app\/(http|models|components)\//.test(item.from) && !item.typeOnly,
        ),
      ),
    ).toEqual([]);
  });

  test("the chat never sees a Request", () => {
    const guilty = code.filter((file) => file.startsWith("portal/app/chat/") && /\b(Request|Response)\b(?!s)/.test(stripComments(file)));
    expect(guilty).toEqual([]);
  });

  test("a vendor's SDK appears only in its adapter", () => {
    const guilty = imports.filter((item) => VENDORS[item.from] && !item.typeOnly && !VENDORS[item.from]!.test(item.file));
    expect(lines(guilty)).toEqual([]);
  });

  test("process.env is read by core/env.ts alone", () => {
    const guilty = code.filter(
      (file) =>
        file !== "core/env.ts" && /process\.env\b/.test(stripComments(file)) && !/process\.env\.LITE_TELEMETRY/.test(stripComments(file)),
    );
    expect(guilty.filter((file) => !file.endsWith("vite.config.ts"))).toEqual([]);
  });

  test("A8: serviceDb is imported by the listed files alone", () => {
    const guilty = imports
      .filter((item) => /^core\/db(\.ts)?$/.test(item.from) && /\bserviceDb\b/.test(item.line))
      .map((item) => item.file);
    expect(guilty.filter((file) => !SERVICE_DB_FILES.includes(file))).toEqual([]);
  });

  test("T39: connections to addresses that users give are opened in one file", () => {
    const network = /^(node:)?(http|https|http2|net|tls|dgram|dns|undici|axios|node-fetch|got)(\/.*)?$/;
    const dials = imports.filter((item) => network.test(item.from) && !item.typeOnly && !isBrowserOnly(item.file)).map((item) => item.file);
    const fetches = code.filter(
      (file) => !isBrowserOnly(file) && /(?<![.\w])fetch\(|globalThis\.fetch|new (WebSocket|EventSource)\(/.test(stripComments(file)),
    );
    const guilty = [...new Set([...dials, ...fetches])];
    expect(guilty).toContain("core/safe-fetch.ts");
    expect(guilty.filter((file) => !DIALLERS[file])).toEqual([]);
    expect(Object.keys(DIALLERS).filter((file) => !guilty.includes(file))).toEqual([]);
  });

  test("there is no drawer: no utils, helpers, common, services or types folder", () => {
    expect(files.filter((file) => /\/(utils?|helpers?|common|services|types|lib|misc)\//.test(file))).toEqual([]);
  });
});

/** The widget runs on customers' pages, where there is no inside to reach. */
const isBrowserOnly = (file: string) => file.startsWith("widget/");

function stripComments(file: string): string {
  return readFileSync(join(root, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|[^:])\/\/.*$/gm, "$1");
}
