import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const notesOf = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("release-notes.mjs", import.meta.url)), ...args], { encoding: "utf8" });
const { version } = JSON.parse(readFileSync(new URL("../portal/package.json", import.meta.url), "utf8")) as { version: string };

it("are what the changelog says of the version that is packaged", () => {
  const { status, stdout } = notesOf(`v${version}`);
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/^## /m);
  expect(readFileSync(new URL("../CHANGELOG.md", import.meta.url), "utf8")).toContain(stdout.trim());
});

it("are refused for another version than the packages have, and for what is no version", () => {
  expect(notesOf("v99.0.0")).toMatchObject({ status: 1, stderr: expect.stringContaining(`says ${version}`) });
  expect(notesOf("latest").status).toBe(64);
  expect(notesOf().status).toBe(64);
});
