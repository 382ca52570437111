// The programs of the page "Verified visitors" are run as they stand: what they sign is believed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readIdentityToken } from "../../http/identity-token.ts";
import { freshIdentitySecret } from "../../models/identity-key.server.ts";
import { type SampleLanguage, signingSample } from "./samples.ts";

const folder = mkdtempSync(join(tmpdir(), "samples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const USER = { id: 42, email: "anna@shop.example", name: "Анна" };
const CALL: Record<SampleLanguage, { program: string; file: string; call: string }> = {
  "Node.js": { program: process.execPath, file: "sample.mjs", call: `process.stdout.write(agentToken(${JSON.stringify(USER)}));` },
  Python: { program: "python3", file: "sample.py", call: `print(agent_token(${JSON.stringify(USER)}), end="")` },
  PHP: { program: "php", file: "sample.php", call: `echo agent_token(json_decode('${JSON.stringify(USER)}', true));` },
};
const isThere = (program: string) => spawnSync(program, ["--version"]).status === 0;
const languages = (Object.keys(CALL) as SampleLanguage[]).filter((language) => isThere(CALL[language].program));

test.each(languages)("%s", async (language) => {
  const { program, file, call } = CALL[language];
  const secret = freshIdentitySecret();
  writeFileSync(join(folder, file), `${signingSample(language, "demo")}\n${call}\n`);
  const { stdout, stderr } = spawnSync(program, [join(folder, file)], {
    env: { ...process.env, AGENT_IDENTITY_SECRET: secret },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  const key = { id: "k", algorithm: "HS256" as const, secret: new TextEncoder().encode(secret) };
  expect(await readIdentityToken(stdout, "demo", [key])).toEqual({
    keyId: "k",
    externalId: "42",
    claims: { email: "anna@shop.example", name: "Анна" },
  });
});
