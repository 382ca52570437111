// The backend as a container runs it: alone, without a supervisor, on an address that others reach.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("prints the owner's sign-in link once, listens where it is told and nowhere else, makes no demo where it is off, and ends with 0 on SIGTERM", async () => {
  const data = mkdtempSync(join(tmpdir(), "gpt-agent-alone-"));
  // Any 127.x.y.z is this machine; only Linux has them all.
  const host = process.platform === "linux" ? "127.0.0.2" : "127.0.0.1";
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const secretKey = "sb_secret_alone_0123456789abcdef";
  const publishableKey = "sb_publishable_alone_0123456789abcdef";
  const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("main.ts", import.meta.url))], {
    env: {
      ...process.env,
      APP_URL: "https://chat.example.com",
      SUPABASE_PUBLISHABLE_KEY: publishableKey,
      SUPABASE_SECRET_KEY: secretKey,
      SUPABASE_JWT_SECRET: "x".repeat(64),
      BACKEND_HOST: host,
      BACKEND_PORT: String(port),
      DATA_FOLDER: data,
      MAILBOX_FOLDER: join(data, "mailbox"),
      LOG_LEVEL: "info",
      DEMO: "off",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  try {
    await expect.poll(() => child.exitCode ?? output, { timeout: 60_000 }).toContain("backend ready");
    const links = output.match(/https:\/\/chat\.example\.com\/auth\/confirm\?token_hash=[0-9a-f]+&type=magiclink/g);
    expect(links).toHaveLength(1);
    const health = (address: string) =>
      fetch(`http://${address}:${port}/auth/v1/health`, { headers: { apikey: publishableKey } }).then(
        ({ status }) => status,
        () => null,
      );
    expect(await health(host)).toBe(200);
    const organizations = await fetch(`http://${host}:${port}/rest/v1/organizations?select=id`, { headers: { apikey: secretKey } });
    expect([organizations.status, await organizations.json()]).toEqual([200, []]);
    if (host !== "127.0.0.1") expect(await health("127.0.0.1")).toBe(null);
  } finally {
    child.kill("SIGTERM");
    expect((await ended)[0], output).toBe(0);
    rmSync(data, { recursive: true, force: true });
  }
}, 90_000);
