// The drill with the commands that people type: a running platform is backed up, its backup is restored on another machine's folder, and the
// agent there gives the same answer.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { makeAccount, makeAgent, untilRead, uploadSource } from "./account.ts";
import { startPlatform } from "./platform.ts";
import { Visitor } from "./visitor.ts";

const script = fileURLToPath(new URL("../scripts/recovery.mjs", import.meta.url));

/** Runs one of the commands as npm does. */
function run(program: string, args: string[], env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const { SUPABASE_URL: _, DATABASE_URL: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [script, program, ...args], { env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  return new Promise((done) => child.on("exit", (code) => done({ code, said })));
}

test("a backup of a running platform answers the same from another folder", async () => {
  test.setTimeout(480_000);
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-recovery-"));
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  for (const one of [first, second]) mkdirSync(one);
  const file = join(folder, "today.gapbackup");
  let platform = await startPlatform({ dataFolder: first, demo: false });
  try {
    const account = await makeAccount(platform);
    const agent = await makeAgent(account, "Shop");
    const handbook = Buffer.from("Доставка по России занимает пять дней и стоит 300 рублей.");
    await untilRead(account, await uploadSource(account, agent.id, "handbook.txt", handbook, "text/plain"));
    const ask = async () => {
      const visitor = await new Visitor(platform.url, agent.public_id).ready();
      const { text, events } = await visitor.answer("Сколько стоит доставка по России?");
      return { text, citations: events.filter(({ type }) => /citation|source/.test(type)).map(({ type }) => type) };
    };
    const before = await ask();
    expect(before.text).toContain("300");

    const made = await run("backup", [file], { DATA_FOLDER: first });
    expect([made.code, made.said]).toEqual([0, expect.stringContaining("rows of")]);
    expect((await run("restore", [file], { DATA_FOLDER: first })).said).toContain("is running");
    await platform.stop();

    // Another machine, with the copy of secrets.json that was kept elsewhere.
    expect((await run("restore", [file], { DATA_FOLDER: second })).said).toContain("another BACKUP_KEY");
    expect(existsSync(join(second, "database"))).toBe(false);
    cpSync(join(first, "secrets.json"), join(second, "secrets.json"));
    const restored = await run("restore", [file], { DATA_FOLDER: second });
    expect([restored.code, restored.said]).toEqual([0, expect.stringContaining("Restored")]);

    // Over what is there only by its name, and what was there is kept aside.
    expect(await run("restore", [file], { DATA_FOLDER: second })).toMatchObject({ code: 1, said: expect.stringContaining("--replace") });
    expect((await run("restore", [file, "--replace=other"], { DATA_FOLDER: second })).code).toBe(1);
    expect((await run("restore", [file, "--replace=second"], { DATA_FOLDER: second })).code).toBe(0);
    expect(readdirSync(second).filter((name) => name.startsWith("database.before-restore-"))).toHaveLength(1);

    platform = await startPlatform({ dataFolder: second, demo: false });
    expect(await ask()).toEqual(before);
    expect((await run("backup", [], { DATA_FOLDER: second })).code).toBe(0);
    const doctor = await run("doctor", ["--json"], { DATA_FOLDER: second });
    const { findings } = JSON.parse(doctor.said) as { findings: { check: string; status: string }[] };
    expect([doctor.code, findings.filter(({ status }) => status === "fail")]).toEqual([0, []]);
    expect(findings.find(({ check }) => check === "backups")?.status).toBe("ok");
    expect(
      (await run("restore", [join(second, "backups", readdirSync(join(second, "backups"))[0]!), "--check"], { DATA_FOLDER: second })).said,
    ).toContain("whole");
  } finally {
    await platform.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
