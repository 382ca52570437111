// The rules of our images, kept by reading the Dockerfiles. scripts/check-image.mjs takes their steps and starts what comes of them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readDockerfile, readIgnore, type Step } from "./dockerfile.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "infra/docker");
const files = readdirSync(folder).filter((name) => name.endsWith(".Dockerfile"));
const isIgnored = readIgnore(join(root, ".dockerignore"));
const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces: string[] };
const SECRET = /KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|_URL$/;

test("there is an image for each process", () => {
  expect(files.sort()).toEqual(["backend.Dockerfile", "portal.Dockerfile", "worker.Dockerfile"]);
});

describe.each(files)("%s", (file) => {
  const stages = readDockerfile(join(folder, file));
  const last = stages.at(-1)!;
  const all = stages.flatMap(({ steps }) => steps);
  const of = (steps: Step[], ...names: string[]) => steps.filter(({ instruction }) => names.includes(instruction));

  test("stands on one exact version of Node 20 on Debian, or on a stage before it", () => {
    const bases = new Set(stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from)));
    expect([...bases]).toEqual([expect.stringMatching(/^node:20\.\d+\.\d+-bookworm-slim(@sha256:[0-9a-f]{64})?$/)]);
    expect(stages.length).toBeGreaterThan(2);
  });

  test("runs as a numbered user who is not root, and nothing after that needs root", () => {
    const users = of(last.steps, "USER");
    expect(users.map(({ args }) => args)).toEqual([["1000:1000"]]);
    const after = last.steps.slice(last.steps.indexOf(users[0]!) + 1);
    expect(of(after, "RUN", "COPY", "ADD")).toEqual([]);
  });

  test("its program is not started by a shell, so that it gets SIGTERM itself, and its health can be asked", () => {
    const [command] = of(last.steps, "CMD");
    expect(command!.text).toMatch(/^\["node", /);
    const [health] = of(last.steps, "HEALTHCHECK");
    expect(health!.flags).toMatchObject({ interval: "10s", timeout: "3s", retries: "3" });
    expect(health!.args.slice(0, 2)).toEqual(["node", "-e"]);
    expect(() => new Function(health!.args[2]!)).not.toThrow();
  });

  test("holds no secret, and fetches nothing but packages of the lock file", () => {
    expect(of(all, "ARG")).toEqual([]);
    const names = of(all, "ENV").flatMap(({ args }) => args.map((pair) => pair.split("=")[0]!));
    expect(names.filter((name) => SECRET.test(name))).toEqual([]);
    expect(of(all, "ADD")).toEqual([]);
    const runs = of(all, "RUN").map(({ text }) => text);
    expect(runs.filter((text) => /curl|wget|npx|apt-get|npm (i|install)\b/.test(text))).toEqual([]);
    expect(runs.filter((text) => /^npm ci/.test(text)).length).toBe(2);
  });

  test("copies what there is, and what .dockerignore lets in", () => {
    const copies = of(all, "COPY").filter(({ flags }) => !flags.from);
    const sources = copies.flatMap(({ args }) => args.slice(0, -1));
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter((source) => !existsSync(join(root, source)) || isIgnored(source))).toEqual([]);
    // npm ci refuses a lock file whose workspaces are not there.
    expect(workspaces.filter((name) => !sources.includes(`${name}/package.json`))).toEqual([]);
  });

  test("brings nothing to the last stage that only a build needs", () => {
    const copies = of(last.steps, "COPY");
    expect(copies.some(({ args, flags }) => flags.from === "build" && /node_modules/.test(args[0]!))).toBe(false);
    expect(of(stages.find(({ name }) => name === "packages")!.steps, "RUN").map(({ text }) => text)).toEqual([
      expect.stringMatching(/^npm ci --omit=dev --workspace=/),
    ]);
  });
});

test("the backend's image has all of the demo that its program reads at the first start", () => {
  const last = readDockerfile(join(folder, "backend.Dockerfile")).at(-1)!;
  const copied = last.steps.flatMap(({ instruction, args }) => (instruction === "COPY" ? args.slice(0, -1) : []));
  // `source` is what the documents are made of.
  const read = readdirSync(join(root, "supabase/embedded/demo")).filter((name) => !name.endsWith(".ts") && name !== "source");
  expect(read).toEqual(expect.arrayContaining(["avatar.png", "knowledge"]));
  expect(read.filter((name) => !copied.includes(`supabase/embedded/demo/${name}`))).toEqual([]);
});

test("the portal's image starts it with the flags of Node's that npm start gives it", () => {
  const [, list] = /^const PORTAL_FLAGS = (\[.*\]);$/m.exec(readFileSync(join(root, "scripts/supervisor.mjs"), "utf8"))!;
  const [command] = readDockerfile(join(folder, "portal.Dockerfile"))
    .at(-1)!
    .steps.filter(({ instruction }) => instruction === "CMD");
  expect(command!.args).toEqual(["node", "--enable-source-maps", ...JSON.parse(list!), "portal/server.mjs"]);
});

test(".dockerignore keeps out what is secret, large or of this machine, and says the last word last", () => {
  for (const path of [".env", ".data/secrets.json", ".git/config", "node_modules/x/index.js", "portal/node_modules/x", "portal/build/x.js"])
    expect(isIgnored(path), path).toBe(true);
  for (const path of ["portal/.env", "worker/.env.local", "supabase/.temp/x", "e2e/portals.ts", "portal/app/http/problem.test.ts"])
    expect(isIgnored(path), path).toBe(true);
  for (const path of ["package.json", "portal/app/root.tsx", "supabase/migrations/a.sql", "e2e/package.json"])
    expect(isIgnored(path), path).toBe(false);
});

test("Dockerfiles are read as Docker reads them", () => {
  const path = join(mkdtempSync(join(tmpdir(), "gpt-agent-dockerfile-")), "Dockerfile");
  writeFileSync(path, 'FROM a:1 AS one\nCOPY x y/\nFROM one\nCOPY --from=one --chown=1:1 /a \\\n  /b\nCMD ["node", "a b"]\n');
  expect(readDockerfile(path)).toMatchObject([
    { name: "one", from: "a:1", steps: [{ instruction: "COPY", args: ["x", "y/"], flags: {} }] },
    {
      name: null,
      from: "one",
      steps: [
        { instruction: "COPY", args: ["/a", "/b"], flags: { from: "one", chown: "1:1" } },
        { instruction: "CMD", args: ["node", "a b"] },
      ],
    },
  ]);
});

test("the command that @sentry/remix brings along, which is not under a licence to ship, is not in the portal's image", () => {
  const packages = readDockerfile(join(folder, "portal.Dockerfile")).find(({ name }) => name === "packages")!;
  const [install] = packages.steps.filter(({ instruction }) => instruction === "RUN");
  expect(install!.text).toContain("&& rm -rf node_modules/@sentry/cli node_modules/@sentry/cli-*");
});
