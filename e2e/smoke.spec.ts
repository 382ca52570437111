// The test that a deployment has to pass, on a platform that works and on ones that do not.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";

const { PLATFORM_URL } = process.env as Record<string, string>;

async function smoke(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../scripts/smoke.mjs", import.meta.url)), ...args]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = (await once(child, "exit")) as [number];
  return { code, output };
}

test("a platform that works passes, with an answer", async () => {
  const { code, output } = await smoke(PLATFORM_URL!, "--agent", "demo", "--patience", "20");
  expect(output).toMatch(/^ok {4}health \(version \d+\.\d+\.\d+/m);
  expect(output).toMatch(/^ok {4}an answer \(first word after \d+ ms\)$/m);
  expect(code, output).toBe(0);
});

test("one that says yes to everything fails, and so does one whose agent is not there", async () => {
  const yes = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(yes, "listening");
  const lied = await smoke(`http://127.0.0.1:${(yes.address() as AddressInfo).port}`, "--patience", "0");
  yes.close();
  expect(lied.output).toContain("FAIL  health");
  expect(lied.code).toBe(1);
  const without = await smoke(PLATFORM_URL!, "--agent", "nobody", "--patience", "0");
  expect(without.output).toContain("FAIL  an answer");
  expect(without.code).toBe(1);
});
