// The examples of docs/API.md do what they are there for: each is run as it stands, against a portal.
import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addIdentityKey, freshIdentitySecret } from "../models/identity-key.server.ts";
import { makeKey } from "./test-keys.ts";
import { openSession, type SeededAgent, seedAgent, startTestPortal, type TestPortal } from "./test-portal.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const guide = readFileSync(at("docs/API.md"), "utf8");
const examples = [...guide.matchAll(/^```(sh|ts|python)\n(.*?)^```$/gms)].map(([, language, code], n) => ({
  n: n + 1,
  language: language!,
  code: code!,
}));
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const PROGRAMS: Record<string, (file: string) => [string, string[]]> = {
  sh: (file) => ["sh", ["-eu", file]],
  ts: (file) => [process.execPath, [at("node_modules/tsx/dist/cli.mjs"), file]],
  python: (file) => ["python3", [file]],
};

let portal: TestPortal;
let agent: SeededAgent;
let folder: string;
let key: string;
let session: string;
const identitySecret = freshIdentitySecret();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "api-guide-"));
  writeFileSync(join(folder, "handbook.md"), "# Delivery\n\nDelivery takes two days.\n");
  portal = await startTestPortal();
  agent = await seedAgent(portal.backend, {
    publicId: "demo",
    passages: [{ title: "Delivery", body: "Delivery takes two to four working days." }],
    settings: { leads: { when: "handoff" } },
  });
  session = (await openSession(portal, agent)).token;
  const { service, secretBox } = portal.services;
  const owner = { orgId: agent.orgId, agentId: agent.agentId, userId: agent.ownerId };
  await addIdentityKey(service, secretBox, { ...owner, id: randomUUID(), name: "Shop", secret: identitySecret });
  key = await makeKey(portal, agent, ["chat", "read", "write", "webhooks"]);
});
afterAll(async () => {
  await portal.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run({ n, language, code }: (typeof examples)[number]): Promise<string> {
  const file = join(folder, `example-${n}.${language === "ts" ? "mts" : language}`);
  writeFileSync(file, code);
  const [program, given] = PROGRAMS[language]!(file);
  const env = { ...process.env, PORTAL_URL: portal.url, GAP_KEY: key, SESSION: session, AGENT_IDENTITY_SECRET: identitySecret };
  const { stdout } = await promisify(execFile)(program, given, { cwd: folder, env, timeout: 60_000 });
  return stdout;
}

describe("docs/API.md", () => {
  it("has examples in each language", () => {
    expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(["sh", "ts", "python"]));
    expect(examples.length).toBeGreaterThan(7);
  });

  it.runIf(hasPython)("has examples that run, each with an answer of its kind", { timeout: 90_000 }, async () => {
    const runAll = (some: typeof examples) => Promise.all(some.map(async (example) => [example, await run(example)] as const));
    const asks = ({ code }: (typeof examples)[number]) => code.includes("chat/completions");
    // Questions first: what lists conversations then has some to list.
    const told = [...(await runAll(examples.filter(asks))), ...(await runAll(examples.filter((example) => !asks(example))))];
    for (const [{ code }, output] of told) {
      if (code.includes("chat/completions")) expect(output).toContain("two to four working days");
      else if (code.includes("/search")) expect(JSON.parse(output).data[0].title).toBe("Delivery");
      else if (code.includes("handbook.md")) expect(JSON.parse(output)).toMatchObject({ title: "handbook.md", status: "queued" });
      else if (code.includes('"qa"')) expect(output.trim()).toBe("queued");
      else if (code.includes("AGENT_IDENTITY_SECRET"))
        expect((await openSession(portal, agent, { identityToken: output.trim() })).visitorId).toMatch(/^[0-9a-f-]{36}$/);
      else if (/\/(leads|handoffs)\?/.test(code)) expect(JSON.parse(output)).toMatchObject({ data: expect.any(Array), nextCursor: null });
      else if (code.includes("/lead")) expect(JSON.parse(output).id).toMatch(/^[0-9a-f-]{36}$/);
      else if (code.includes("webhook-endpoints")) expect(JSON.parse(output).secret).toMatch(/^whsec_/);
      else if (code.includes('/agents"')) expect(JSON.parse(output).data[0].id).toBe("demo");
      else expect(output).toMatch(/^[0-9a-f-]{36} .+$/m);
    }
  });
});
