import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("pack-widget.mjs", import.meta.url));

it("packs what is built, with the digest that a page's integrity attribute needs", () => {
  const [dist, output] = [mkdtempSync(join(tmpdir(), "widget-dist-")), join(mkdtempSync(join(tmpdir(), "widget-out-")), "pack")];
  mkdirSync(join(dist, "widget"));
  writeFileSync(join(dist, "widget.js"), "loader");
  writeFileSync(join(dist, "widget", "chat.abc.js"), "chat");
  writeFileSync(join(dist, "widget", "chat.abc.js.map"), "map");
  const env = { ...process.env, WIDGET_DIST: dist };
  const printed = execFileSync(process.execPath, [script, output, "1.2.3", "--package", "@example/widget"], { env, encoding: "utf8" });
  const digest = (text: string) => `sha384-${createHash("sha384").update(text).digest("base64")}`;
  expect(JSON.parse(readFileSync(join(output, "integrity.json"), "utf8"))).toEqual({
    version: "1.2.3",
    files: { "widget.js": digest("loader"), "widget/chat.abc.js": digest("chat") },
  });
  expect(printed).toContain(`integrity="${digest("loader")}" crossorigin="anonymous"`);
  expect(readFileSync(join(output, "widget.js"), "utf8")).toBe("loader");
  expect(existsSync(join(output, "widget", "chat.abc.js.map"))).toBe(false);
  const made = JSON.parse(readFileSync(join(output, "package.json"), "utf8"));
  expect(made).toMatchObject({ name: "@example/widget", version: "1.2.3", license: "Apache-2.0" });
});

it("refuses to pack nothing", () => {
  const env = { ...process.env, WIDGET_DIST: mkdtempSync(join(tmpdir(), "widget-empty-")) };
  const { status, stderr } = spawnSync(process.execPath, [script, mkdtempSync(join(tmpdir(), "widget-out-"))], { env, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain("There is no widget.js");
});
