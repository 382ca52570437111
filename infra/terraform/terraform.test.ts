// The Terraform files: their syntax as HashiCorp's own parser reads it (compiled to WebAssembly), their shape as `terraform fmt` writes it, and
// that everything they name is there. What providers think of their arguments only `terraform validate` can say: the deployment guide has it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "@cdktf/hcl2json";
import { beforeAll, describe, expect, test } from "vitest";

type Block = Record<string, unknown>;
type Parsed = {
  variable?: Record<string, [{ description?: string; type?: string; default?: unknown; sensitive?: boolean; ephemeral?: boolean }]>;
  output?: Record<string, [{ description?: string; value: string; sensitive?: boolean }]>;
  module?: Record<string, [Block & { source: string; count?: string }]>;
  resource?: Record<string, Record<string, [Block]>>;
  data?: Record<string, Record<string, [Block]>>;
  ephemeral?: Record<string, Record<string, [Block]>>;
  terraform?: { required_version?: string; required_providers?: Record<string, { source: string; version: string }>[] }[];
};
type Module = { name: string; text: string; files: { name: string; text: string }[]; parsed: Parsed };

const root = fileURLToPath(new URL(".", import.meta.url));
const folders = ["", ...readdirSync(join(root, "modules")).map((name) => `modules/${name}`)];
const modules = new Map<string, Module>();

/** One level of nested objects put together: blocks of the same type come from several files. */
function joined(parts: Parsed[]): Parsed {
  const whole: Record<string, unknown> = {};
  for (const part of parts)
    for (const [key, value] of Object.entries(part)) {
      if (Array.isArray(value)) whole[key] = [...((whole[key] as unknown[]) ?? []), ...value];
      else {
        const known = (whole[key] ?? {}) as Record<string, Block>;
        for (const [name, block] of Object.entries(value as Record<string, Block>))
          known[name] = Array.isArray(block) ? (block as unknown as Block) : { ...known[name], ...block };
        whole[key] = known;
      }
    }
  return whole as Parsed;
}

beforeAll(async () => {
  for (const folder of folders) {
    const files = readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".tf"))
      .map((name) => ({ name, text: readFileSync(join(root, folder, name), "utf8") }));
    const parsed = await Promise.all(files.map(({ name, text }) => parse(name, text) as Promise<Parsed>));
    modules.set(folder, { name: folder, files, text: files.map(({ text }) => text).join("\n"), parsed: joined(parsed) });
  }
});
const withoutComments = (text: string) => text.replace(/^\s*#.*$/gm, "");
const used = ({ text }: Module, kind: string) =>
  new Set([...withoutComments(text).matchAll(new RegExp(`\\b${kind}\\.([a-z_]+)`, "g"))].map(([, name]) => name!));

/** Lines that `terraform fmt` would write otherwise: two spaces a level, equals signs of neighbours in one column, no spaces at the end. */
function misformatted(text: string): string[] {
  const wrong: string[] = [];
  let depth = 0;
  let group: { line: string; number: number; key: string; at: number }[] = [];
  const close = () => {
    const column = Math.max(...group.map(({ key }) => key.length)) + 1;
    for (const { line, number, key, at } of group)
      if (at - (line.length - line.trimStart().length) !== column || !key) wrong.push(`${number}: ${line}`);
    group = [];
  };
  text.split("\n").forEach((line, index) => {
    const number = index + 1;
    const bare = line.replace(/"(?:\\.|\$\{[^}]*\}|[^"\\])*"/g, '""').replace(/#.*$/, "");
    const opens = (bare.match(/[{[(]/g) ?? []).length;
    const closes = (bare.match(/[}\])]/g) ?? []).length;
    const leading = /^\s*([}\])]*)/.exec(bare)![1]!.length;
    if (line !== line.trimEnd()) wrong.push(`${number}: ${line}`);
    // Several brackets that open in one line indent what is between them once.
    const level = depth - (leading > 0 ? 1 : 0);
    if (line.trim() && line.length - line.trimStart().length !== level * 2) wrong.push(`${number}: ${line}`);
    const net = opens - closes;
    depth += Math.sign(net);
    const attribute = /^\s*([\w-]+)\s*= /.exec(line);
    if (attribute && net === 0) group.push({ line, number, key: attribute[1]!, at: line.indexOf("= ") });
    else {
      if (group.length) close();
      if (attribute && !/^\s*[\w-]+ = /.test(line)) wrong.push(`${number}: ${line}`);
    }
  });
  if (group.length) close();
  if (!text.endsWith("\n") || text.endsWith("\n\n")) wrong.push("the end");
  return wrong;
}

describe.each(folders)("terraform/%s", (folder) => {
  const here = () => modules.get(folder)!;

  test("is written as terraform fmt writes it", () => {
    for (const { name, text } of here().files) expect(misformatted(text), name).toEqual([]);
  });

  test("declares each variable with what it is, and uses exactly those", () => {
    const { variable = {} } = here().parsed;
    for (const [name, [declared]] of Object.entries(variable)) {
      expect(declared.description, name).toMatch(/\.$/);
      expect(declared.type, name).toBeTruthy();
      if (/password|secret(?!s_version)|_key$/.test(name) && !/publishable/.test(name)) expect(declared.sensitive, name).toBe(true);
    }
    expect([...used(here(), "var")].sort()).toEqual(Object.keys(variable).sort());
  });

  test("says what its outputs are", () => {
    for (const [name, [output]] of Object.entries(here().parsed.output ?? {})) expect(output.description, name).toBeTruthy();
  });

  test("pins the version of Terraform and of each provider that it uses, as the root does", () => {
    const [terraform] = here().parsed.terraform!;
    expect(terraform!.required_version).toBe(">= 1.11.0");
    const pinned = terraform!.required_providers![0]!;
    for (const { version } of Object.values(pinned)) expect(version).toMatch(/^~> \d+\.\d+$/);
    const types = [here().parsed.resource, here().parsed.data, here().parsed.ephemeral].flatMap((kind) => Object.keys(kind ?? {}));
    const prefixes = new Set(types.map((type) => type.split("_")[0]!));
    expect([...prefixes].filter((prefix) => !pinned[prefix])).toEqual([]);
    expect(modules.get("")!.parsed.terraform![0]!.required_providers![0]).toMatchObject(pinned);
  });

  test("gives each module what it asks for, and asks it for what it gives", () => {
    const { module = {} } = here().parsed;
    for (const [name, [call]] of Object.entries(module)) {
      const target = modules.get(call.source.replace("./", ""));
      expect(target, call.source).toBeDefined();
      const { variable = {}, output = {} } = target!.parsed;
      const { source: _, count: __, ...given } = call;
      expect(Object.keys(given).filter((argument) => !variable[argument])).toEqual([]);
      expect(Object.entries(variable).filter(([argument, [declared]]) => declared.default === undefined && !(argument in given))).toEqual(
        [],
      );
      const asked = [...here().text.matchAll(new RegExp(`module\\.${name}(?:\\[[^\\]]*\\])?\\.([a-z_]+)`, "g"))].map(([, what]) => what!);
      expect(asked.filter((what) => !output[what])).toEqual([]);
    }
    expect([...used(here(), "module")].filter((name) => !module[name])).toEqual([]);
  });

  test("names only resources that there are", () => {
    const { resource = {}, data = {} } = here().parsed;
    const text = withoutComments(here().text);
    const resources = Object.keys(resource).join("|");
    const named = resources ? [...text.matchAll(new RegExp(`(?<!["\\w.])(${resources})\\.([a-z_]+)`, "g"))] : [];
    expect(named.filter(([, type, name]) => !resource[type!]?.[name!]).map(([all]) => all)).toEqual([]);
    const read = [...text.matchAll(/\bdata\.([a-z_]+)\.([a-z_]+)/g)];
    expect(read.filter(([, type, name]) => !data[type!]?.[name!]).map(([all]) => all)).toEqual([]);
  });
});

describe("secrets", () => {
  test("of the portal are written to Vercel and kept in no state", () => {
    const { parsed } = modules.get("modules/vercel")!;
    expect(parsed.variable!.secrets![0]).toMatchObject({ sensitive: true, ephemeral: true });
    const [secret] = parsed.resource!.vercel_project_environment_variable!.secret!;
    expect(secret).toMatchObject({ value_wo: expect.stringMatching(/^\$\{var\.secrets\[each\.key\]\}$/), sensitive: true });
    expect(secret).not.toHaveProperty("value");
    // Every one that is handed over is written, and the other way round.
    const written = JSON.parse(String(secret.for_each).replace(/^\$\{toset\(|\)\}$/g, "")) as string[];
    const given = modules.get("")!.parsed.module!.vercel![0].secrets as Record<string, string>;
    expect(Object.keys(given).sort()).toEqual(written.sort());
  });

  test("are in no setting of Railway, whose provider would keep them, and are read from no data source", () => {
    const { module } = modules.get("")!.parsed;
    expect(JSON.stringify(module!.railway)).not.toMatch(/SECRET|ENCRYPTION|REDIS_URL|API_KEY/);
    for (const { parsed } of modules.values()) expect(Object.keys(parsed.data ?? {})).not.toContain("supabase_apikeys");
  });

  test("stand in no file", () => {
    for (const { files } of modules.values())
      for (const { text } of files)
        expect(text).not.toMatch(/sb_secret_\w{10}|sntrys_|eyJ[\w-]{20}|(password|secret|token)\s*=\s*"[^"$]{8,}"/i);
    expect(readFileSync(join(root, "terraform.tfvars.example"), "utf8")).not.toMatch(/password|encryption_key\s*=/);
    expect(existsSync(join(root, "terraform.tfvars"))).toBe(false);
  });
});

test("a file that terraform fmt would change is told", () => {
  expect(misformatted('resource "a" "b" {\n  one = 1\n  two = [\n    { a = 1 },\n  ]\n\n  longer = 1\n  x      = 2\n}\n')).toEqual([]);
  expect(misformatted("a {\n  one = 1\n  longer = 2\n}\n")).toHaveLength(1);
  expect(misformatted("a {\n   one = 1\n}\n")).toHaveLength(1);
  expect(misformatted("a {\n  one = 1 \n}\n")).toHaveLength(1);
  expect(misformatted("a = 1")).toEqual(["the end"]);
});
