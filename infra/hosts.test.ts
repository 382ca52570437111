// What the hosts read of us: Vercel, Railway, Fly and Render. Their own schemas are on their servers; these are the parts that we use, as their
// references describe them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const dockerfile = z.string().refine((path) => existsSync(join(root, path)), "there is no such Dockerfile");
const PORTAL_HEALTH = "/api/health";
const WORKER_HEALTH = "/health";
/** What a worker takes at most to give its jobs back (worker/main.ts). */
const WORKER_STOPS_IN = 25;

test("Vercel builds as we do, deploys only what our workflow sends, and runs in Frankfurt", () => {
  const config = z
    .strictObject({
      $schema: z.literal("https://openapi.vercel.sh/vercel.json"),
      framework: z.null(),
      installCommand: z.string(),
      buildCommand: z.literal("npm run build:vercel"),
      regions: z.array(z.string()).length(1),
      git: z.strictObject({ deploymentEnabled: z.literal(false) }),
    })
    .parse(JSON.parse(read("vercel.json")));
  expect(config.regions).toEqual(["fra1"]);
});

// https://docs.railway.com/config-as-code/reference
describe.each([
  ["railway.json", WORKER_HEALTH, WORKER_STOPS_IN],
  ["infra/railway/portal.json", PORTAL_HEALTH, 60],
])("Railway: %s", (path, health, stopsIn) => {
  test("is what Railway reads, asks for our health and waits until we have stopped", () => {
    const { deploy } = z
      .strictObject({
        $schema: z.literal("https://railway.com/railway.schema.json"),
        build: z.strictObject({ builder: z.literal("DOCKERFILE"), dockerfilePath: dockerfile }),
        deploy: z.strictObject({
          healthcheckPath: z.literal(health),
          healthcheckTimeout: z.number().int(),
          restartPolicyType: z.enum(["ALWAYS", "ON_FAILURE", "NEVER"]),
          overlapSeconds: z.number().int(),
          // A number, although the reference shows a text.
          drainingSeconds: z.number().int(),
        }),
      })
      .parse(JSON.parse(read(path)));
    expect(deploy.drainingSeconds).toBeGreaterThan(stopsIn);
  });
});

// https://fly.io/docs/reference/configuration/
const duration = z.string().regex(/^\d+s$/);
const fly = {
  app: z.string(),
  primary_region: z.literal("fra"),
  kill_signal: z.literal("SIGTERM"),
  kill_timeout: duration,
  env: z.record(z.string().regex(/^[A-Z_]+$/), z.string()),
  deploy: z.strictObject({ strategy: z.enum(["rolling", "bluegreen", "canary", "immediate"]) }),
  vm: z.array(z.strictObject({ size: z.string(), memory: z.string() })),
};
const check = { interval: duration, timeout: duration, grace_period: duration };

test("Fly: the portal", () => {
  const config = z
    .strictObject({
      ...fly,
      http_service: z.strictObject({
        internal_port: z.literal(3000),
        force_https: z.literal(true),
        auto_stop_machines: z.enum(["off", "stop", "suspend"]),
        auto_start_machines: z.boolean(),
        min_machines_running: z.number().int().min(2),
        concurrency: z.strictObject({ type: z.literal("requests"), soft_limit: z.number(), hard_limit: z.number() }),
        checks: z.array(z.strictObject({ method: z.literal("GET"), path: z.literal(PORTAL_HEALTH), ...check })),
      }),
    })
    .parse(parseToml(read("infra/fly/portal.toml")));
  expect(Number.parseInt(config.kill_timeout, 10)).toBeGreaterThan(Number(config.env.DRAIN_SECONDS));
});

test("Fly: the worker", () => {
  const config = z
    .strictObject({
      ...fly,
      checks: z.strictObject({
        health: z.strictObject({
          type: z.literal("http"),
          port: z.literal(3001),
          method: z.literal("get"),
          path: z.literal(WORKER_HEALTH),
          ...check,
        }),
      }),
    })
    .parse(parseToml(read("infra/fly/worker.toml")));
  expect(Number.parseInt(config.kill_timeout, 10)).toBeGreaterThan(WORKER_STOPS_IN);
});

// https://render.com/docs/blueprint-spec
test("Render: portal, worker and Redis in Frankfurt, every secret asked for and none written", () => {
  const variable = z.union([
    z.strictObject({ key: z.string(), value: z.string() }),
    z.strictObject({ key: z.string(), sync: z.literal(false) }),
    z.strictObject({
      key: z.string(),
      fromService: z.strictObject({ type: z.literal("keyvalue"), name: z.string(), property: z.literal("connectionString") }),
    }),
    z.strictObject({ fromGroup: z.string() }),
  ]);
  const image = {
    name: z.string(),
    runtime: z.literal("docker"),
    region: z.literal("frankfurt"),
    plan: z.string(),
    dockerfilePath: dockerfile,
    dockerContext: z.literal("."),
    maxShutdownDelaySeconds: z.number().int().max(300),
    autoDeployTrigger: z.enum(["commit", "checksPass", "off"]),
    envVars: z.array(variable),
  };
  const { services, envVarGroups } = z
    .strictObject({
      services: z.tuple([
        z.strictObject({
          type: z.literal("web"),
          ...image,
          numInstances: z.number().int().min(2),
          healthCheckPath: z.literal(PORTAL_HEALTH),
        }),
        z.strictObject({ type: z.literal("worker"), ...image }),
        z.strictObject({
          type: z.literal("keyvalue"),
          name: z.string(),
          region: z.literal("frankfurt"),
          plan: z.string(),
          maxmemoryPolicy: z.literal("noeviction"),
          ipAllowList: z.array(z.never()),
        }),
      ]),
      envVarGroups: z.array(z.strictObject({ name: z.string(), envVars: z.array(variable) })),
    })
    .parse(parseYaml(read("render.yaml")));
  const written = [...services.flatMap((service) => ("envVars" in service ? service.envVars : [])), ...envVarGroups[0]!.envVars];
  const secrets = written.filter((one) => "key" in one && /KEY|SECRET|PASSWORD|_URL$/.test(one.key));
  expect(secrets.length).toBeGreaterThan(6);
  expect(secrets.filter((one) => "value" in one)).toEqual([]);
  const [portal, worker] = services;
  expect(portal.maxShutdownDelaySeconds).toBeGreaterThan(60);
  expect(worker.maxShutdownDelaySeconds).toBeGreaterThan(WORKER_STOPS_IN);
});
