import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KNOWLEDGE_BUCKET } from "@gpt-agent/core/storage";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const config = readFileSync(`${root}supabase/config.toml`, "utf8");
const embedded = readFileSync(`${root}supabase/embedded/backend.ts`, "utf8");
const section = (name: string) => config.split(/^\[/m).find((part) => part.startsWith(`${name}]`)) ?? "";

test("every e-mail template of config.toml is there, links to the portal, and has the subject the embedded mode gives it", () => {
  const templates = [...config.matchAll(/^\[auth\.email\.template\.(\w+)\]\nsubject = "(.+)"\ncontent_path = "(.+)"$/gm)];
  expect(templates.map(([, name]) => name)).toEqual(["recovery", "magic_link", "email_change"]);
  for (const [, name, subject, path] of templates) {
    const html = readFileSync(root + path, "utf8");
    expect(html).toContain(`/auth/confirm?token_hash={{ .TokenHash }}&type=${name === "magic_link" ? "magiclink" : name}`);
    expect(embedded).toContain(subject);
  }
});

test("hosted and embedded agree on what people may do", () => {
  expect(section("auth")).toContain("minimum_password_length = 8");
  expect(embedded).toContain("minimum_password_length: 8");
  expect(section("auth.email")).toContain("enable_confirmations = false");
  expect(embedded).toContain("enable_confirmations: false");
  expect(section("auth")).toContain("enable_anonymous_sign_ins = false");
});

test("A6: the bucket is private and as large as its migration says", () => {
  expect(section(`storage.buckets.${KNOWLEDGE_BUCKET}`)).toMatch(/public = false\nfile_size_limit = "50MiB"/);
  const migration = readFileSync(`${root}supabase/migrations/20261122000500_knowledge.sql`, "utf8");
  expect(migration).toContain(`values ('${KNOWLEDGE_BUCKET}', '${KNOWLEDGE_BUCKET}', false, ${50 * 1024 * 1024})`);
});

test("the schema with the helpers of the policies is not exposed", () => {
  expect(section("api")).toContain('schemas = ["public"]');
});
