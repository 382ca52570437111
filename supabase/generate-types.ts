// Writes core/db-types.ts from the migrations: `npm run db:types`. With --check it only compares and fails on a difference.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startTestBackend } from "./embedded/test-backend.ts";

const target = fileURLToPath(new URL("../core/db-types.ts", import.meta.url));

const SCALARS: Record<string, string> = {
  uuid: "string",
  text: "string",
  varchar: "string",
  bpchar: "string",
  timestamptz: "string",
  date: "string",
  vector: "string",
  tsvector: "unknown",
  regconfig: "unknown",
  int2: "number",
  int4: "number",
  int8: "number",
  float4: "number",
  float8: "number",
  numeric: "number",
  bool: "boolean",
  json: "Json",
  jsonb: "Json",
  void: "undefined",
};

const backend = await startTestBackend();
const query = async <T extends object>(sql: string) => (await backend.db.query<T>(sql)).rows;

const enums = await query<{ name: string; labels: string[] }>(`
  select t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as labels
  from pg_type t join pg_enum e on e.enumtypid = t.oid join pg_namespace n on n.oid = t.typnamespace
  where n.nspname = 'public' group by t.typname order by 1`);
const columns = await query<{ table: string; column: string; type: string; notNull: boolean; optional: boolean; always: boolean }>(`
  select c.relname as table, a.attname as column, t.typname as type, a.attnotnull as "notNull",
         a.atthasdef or not a.attnotnull as optional, a.attgenerated <> '' or a.attidentity = 'a' as always
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  where n.nspname = 'public' and c.relkind in ('r', 'v') order by 1, a.attnum`);
const keys = await query<{ name: string; table: string; columns: string[]; target: string; targetColumns: string[] }>(`
  select k.conname as name, c.relname as table, f.relname as target,
    (select array_agg(a.attname::text order by u.n) from unnest(k.conkey) with ordinality u (num, n) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num) as columns,
    (select array_agg(a.attname::text order by u.n) from unnest(k.confkey) with ordinality u (num, n) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num) as "targetColumns"
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
  join pg_namespace n on n.oid = c.relnamespace join pg_namespace fn on fn.oid = f.relnamespace
  where k.contype = 'f' and n.nspname = 'public' and fn.nspname = 'public' order by 2, 1`);
const functions = await query<{
  name: string;
  names: string[] | null;
  types: string[];
  modes: string[] | null;
  defaults: number;
  inputs: number;
  returns: string;
  set: boolean;
}>(`
  select p.proname as name, p.proargnames as names, p.proargmodes::text[] as modes, p.pronargdefaults as defaults, p.pronargs as inputs,
    (select coalesce(array_agg(t.typname::text order by u.n), '{}') from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality u (o, n) join pg_type t on t.oid = u.o) as types,
    rt.typname as returns, p.proretset as set
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type rt on rt.oid = p.prorettype
  where n.nspname = 'public' and rt.typname <> 'trigger' order by 1`);
await backend.close();

const tables = [...new Set(columns.map((column) => column.table))];
const type = (name: string): string => {
  if (name.startsWith("_")) return `${type(name.slice(1))}[]`;
  const labels = enums.find((item) => item.name === name)?.labels;
  if (labels) return `Database["public"]["Enums"]["${name}"]`;
  if (tables.includes(name)) return `Database["public"]["Tables"]["${name}"]["Row"]`;
  const scalar = SCALARS[name];
  if (!scalar) throw new Error(`No TypeScript type known for the Postgres type ${name}`);
  return scalar;
};

const lines: string[] = [
  "// Written by `npm run db:types` from supabase/migrations. Do not edit.",
  "export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];",
  "",
  "export type Database = {",
  "  public: {",
  "    Tables: {",
];
for (const table of tables) {
  const own = columns.filter((column) => column.table === table);
  const nullable = (column: (typeof own)[number]) => type(column.type) + (column.notNull ? "" : " | null");
  lines.push(`      ${table}: {`);
  lines.push("        Row: {", ...own.map((column) => `          ${column.column}: ${nullable(column)};`), "        };");
  lines.push(
    "        Insert: {",
    ...own
      .filter((column) => !column.always)
      .map((column) => `          ${column.column}${column.optional ? "?" : ""}: ${nullable(column)};`),
    "        };",
  );
  lines.push(
    "        Update: {",
    ...own.filter((column) => !column.always).map((column) => `          ${column.column}?: ${nullable(column)};`),
    "        };",
  );
  lines.push("        Relationships: [");
  for (const key of keys.filter((item) => item.table === table)) {
    lines.push(
      `          { foreignKeyName: "${key.name}"; columns: ${JSON.stringify(key.columns)}; isOneToOne: false; referencedRelation: "${key.target}"; referencedColumns: ${JSON.stringify(key.targetColumns)} },`,
    );
  }
  lines.push("        ];", "      };");
}
lines.push("    };", "    Views: Record<never, never>;", "    Functions: {");
for (const fn of functions) {
  const all = (fn.types ?? []).map((typeName, i) => ({ name: fn.names?.[i] ?? `arg${i}`, type: typeName, mode: fn.modes?.[i] ?? "i" }));
  const inputs = all.filter((arg) => arg.mode === "i");
  const outputs = all.filter((arg) => arg.mode === "t" || arg.mode === "o");
  const args = inputs.map((arg, i) => `${arg.name}${i >= fn.inputs - fn.defaults ? "?" : ""}: ${type(arg.type)} | null`).join("; ");
  const row = outputs.length ? `{ ${outputs.map((arg) => `${arg.name}: ${type(arg.type)}`).join("; ")} }` : type(fn.returns);
  lines.push(`      ${fn.name}: { Args: ${args ? `{ ${args} }` : "Record<never, never>"}; Returns: ${row}${fn.set ? "[]" : ""} };`);
}
lines.push(
  "    };",
  "    Enums: {",
  ...enums.map((item) => `      ${item.name}: ${item.labels.map((label) => JSON.stringify(label)).join(" | ")};`),
  "    };",
  "    CompositeTypes: Record<never, never>;",
  "  };",
  "};",
  "",
);

const written = lines.join("\n");
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== written) {
    console.error("core/db-types.ts is out of date: run `npm run db:types`.");
    process.exit(1);
  }
} else {
  writeFileSync(target, written);
}
process.exit(0);
