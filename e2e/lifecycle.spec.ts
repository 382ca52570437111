// The embedded platform as a thing that is started, killed and stopped.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { type Platform, startPlatform } from "./platform.ts";

test.describe.configure({ mode: "serial", timeout: 180_000 });

const start = fileURLToPath(new URL("../scripts/start.mjs", import.meta.url));

/** Runs `npm start`'s script to its end and returns what it said. */
async function tryToStart(env: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [start], { env: { ...process.env, HOST: "127.0.0.1", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = (await once(child, "exit")) as [number];
  return { code, output };
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const config = (platform: Platform) => fetch(`${platform.url}/api/v1/agents/demo/config`, { headers: { origin: platform.url } });
const health = async (platform: Platform) => (await fetch(`${platform.url}/api/health`).catch(() => null))?.status;

test.describe("the embedded platform", () => {
  const dataFolder = mkdtempSync(join(tmpdir(), "gpt-agent-lifecycle-"));
  let platform: Platform;

  test.beforeAll(async () => {
    test.setTimeout(180_000);
    platform = await startPlatform({ dataFolder });
  });
  test.afterAll(async () => {
    await platform.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  });

  test("is healthy, made the demo and prints a one-time sign-in link for its owner", async () => {
    expect(await health(platform)).toBe(200);
    expect((await config(platform)).status).toBe(200);
    expect(platform.ownerLink).toMatch(/\/auth\/confirm\?token_hash=[0-9a-f]+&type=magiclink$/);
  });

  test("keeps its secrets to its owner", () => {
    const secrets = statSync(join(dataFolder, "secrets.json"));
    expect(secrets.mode & 0o777).toBe(0o600);
    expect(statSync(join(dataFolder, "running.json")).mode & 0o777).toBe(0o600);
  });

  test("refuses a second start on the same data, in plain words, and goes on running", async () => {
    const second = await tryToStart({ DATA_FOLDER: dataFolder, PORT: "0" });
    expect(second.code).toBe(1);
    expect(second.output).toContain("already running");
    expect(await health(platform)).toBe(200);
  });

  test("refuses a taken port, naming it and a way out", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const folder = mkdtempSync(join(tmpdir(), "gpt-agent-port-"));
    const refused = await tryToStart({ DATA_FOLDER: folder, PORT: String(port) });
    taken.close();
    rmSync(folder, { recursive: true, force: true });
    expect(refused.code).toBe(1);
    expect(refused.output).toContain(`Port ${port} is taken`);
    expect(refused.output).toContain("PORT=");
  });

  test("refuses a data folder that cannot be written", async () => {
    // A file where the folder should be refuses root as well, whom permissions do not stop.
    const file = join(mkdtempSync(join(tmpdir(), "gpt-agent-file-")), "data");
    writeFileSync(file, "");
    const refused = await tryToStart({ DATA_FOLDER: join(file, "inside"), PORT: "0" });
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("cannot be written");
  });

  test("refuses a PORT that is no port, with the exit status of a configuration error", async () => {
    const refused = await tryToStart({ DATA_FOLDER: mkdtempSync(join(tmpdir(), "gpt-agent-bad-")), PORT: "http" });
    expect(refused.code).toBe(78);
  });

  for (const name of ["portal", "worker", "backend"] as const) {
    test(`survives kill -9 of the ${name}`, async () => {
      const before = await (await config(platform)).json();
      const { pids } = JSON.parse(readFileSync(join(dataFolder, "running.json"), "utf8")) as Platform;
      process.kill(pids[name], "SIGKILL");
      await expect.poll(() => alive(pids[name])).toBe(false);
      await expect
        .poll(() => (JSON.parse(readFileSync(join(dataFolder, "running.json"), "utf8")) as Platform).pids[name], { timeout: 60_000 })
        .not.toBe(pids[name]);
      await expect.poll(() => health(platform), { timeout: 60_000 }).toBe(200);
      await expect.poll(async () => (await fetch(`${platform.workerUrl}/health`).catch(() => null))?.status, { timeout: 60_000 }).toBe(200);
      expect(await (await config(platform)).json()).toEqual(before);
    });
  }

  test("survives kill -9 of the supervisor itself, with its data", async () => {
    const { pids } = JSON.parse(readFileSync(join(dataFolder, "running.json"), "utf8")) as Platform;
    platform.process.kill("SIGKILL");
    for (const pid of Object.values(pids)) await expect.poll(() => alive(pid), { timeout: 40_000 }).toBe(false);
    platform = await startPlatform({ dataFolder });
    expect(await health(platform)).toBe(200);
    expect((await config(platform)).status).toBe(200);
  });

  test("Ctrl-C leaves nothing running", async () => {
    const { pids } = JSON.parse(readFileSync(join(dataFolder, "running.json"), "utf8")) as Platform;
    expect(await platform.stop()).toBe(0);
    expect(Object.values(pids).filter(alive)).toEqual([]);
    platform = await startPlatform({ dataFolder });
  });
});
