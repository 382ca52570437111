import { format } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestBackend } from "../embedded/test-backend.ts";
import { headersOf } from "./http-personas.ts";
import { PERMISSIONS } from "./permissions.ts";
import { CALLABLE_BY_PEOPLE } from "./sweep.ts";
import { startTestWorld } from "./test-world.ts";

let world: TestBackend;
const ORG_A = "00000000-0000-7000-8000-00000000000a";
const ORG_B = "00000000-0000-7000-8000-00000000000b";
const TABLES = Object.keys(PERMISSIONS).flatMap((label) => (/^public\.(\w+)$/.exec(label) ? [label.slice("public.".length)] : []));

const text = async (sql: string) => (await world.db.query<{ value: string }>(sql)).rows[0]?.value ?? "";
/** All rows of all public tables, as one text: whatever changes anything changes it. */
const everything = () =>
  text(`select string_agg(x.t || ':' || x.rows, e'\\n' order by x.t) as value from (
    select c.relname as t, query_to_xml(format('select * from public.%I t order by t', c.relname), true, true, '')::text as rows
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')) x`);
const grants = () =>
  text(`select string_agg(c.relname || coalesce(c.relacl::text, ''), e'\\n' order by c.relname) ||
    (select coalesce(string_agg(a.attrelid::regclass || a.attname || a.attacl::text, e'\\n' order by a.attrelid, a.attnum), '')
     from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attacl is not null and c.relnamespace = 'public'::regnamespace) as value
    from pg_class c where c.relnamespace = 'public'::regnamespace`);

async function call(principal: string, path: string, init: RequestInit = {}) {
  const headers = { ...(await headersOf(world, principal)), "content-type": "application/json", ...init.headers };
  const response = await fetch(`${world.url}/rest/v1/${path}`, { ...init, headers });
  const body = await response.text();
  return { status: response.status, body: body ? (JSON.parse(body) as unknown) : null, range: response.headers.get("content-range") };
}
const rowsIn = (answer: { status: number; body: unknown }) => (answer.status < 300 && Array.isArray(answer.body) ? answer.body.length : 0);

let before: string;
let grantsBefore: string;
/** What Supabase Lite wrote to stderr: a line for each refusal. */
const logged: string[] = [];
beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation((...args) => logged.push(format(...args)));
  world = await startTestWorld();
  [before, grantsBefore] = [await everything(), await grants()];
});
afterAll(async () => {
  vi.restoreAllMocks();
  await world?.close();
});

describe("T21 A2: over REST, outsiders", () => {
  test.each(TABLES)("read nothing of %s", async (table) => {
    const org = table === "organizations" ? "id" : "org_id";
    for (const principal of ["anon", "removed", "owner of B"]) {
      expect([principal, rowsIn(await call(principal, `${table}?${org}=eq.${ORG_A}&select=${org}`))]).toEqual([principal, 0]);
      const counted = await call(principal, `${table}?${org}=eq.${ORG_A}&select=${org}`, {
        method: "HEAD",
        headers: { prefer: "count=exact" },
      });
      expect([principal, counted.range === null || counted.range.endsWith("/0")]).toEqual([principal, true]);
    }
    const insider = PERMISSIONS[`public.${table}`]?.select === "service" ? "service_role" : "owner";
    expect(rowsIn(await call(insider, `${table}?${org}=eq.${ORG_A}&select=${org}`))).toBeGreaterThan(0);
  });

  test.each(TABLES)("write nothing to %s", async (table) => {
    const org = table === "organizations" ? "id" : "org_id";
    const [row] = (
      await world.db.query<Record<string, unknown>>(`select to_jsonb(t) as row from public.${table} t where ${org} = $1 limit 1`, [ORG_A])
    ).rows;
    const theirs = row?.row as Record<string, unknown>;
    for (const principal of ["anon", "removed", "owner of B"]) {
      const attempts = [
        call(principal, table, { method: "POST", body: JSON.stringify(theirs) }),
        call(principal, table, {
          method: "POST",
          body: JSON.stringify(theirs),
          headers: { prefer: "resolution=merge-duplicates,return=representation" },
        }),
        call(principal, `${table}?${org}=eq.${ORG_A}`, {
          method: "PATCH",
          body: JSON.stringify({ [org]: ORG_B }),
          headers: { prefer: "return=representation" },
        }),
        call(principal, `${table}?${org}=eq.${ORG_A}`, { method: "DELETE", headers: { prefer: "return=representation" } }),
      ];
      for (const answer of await Promise.all(attempts))
        expect([principal, table, answer.status, rowsIn(answer)]).toEqual([principal, table, answer.status, 0]);
    }
  });

  test("and nothing in the whole database has changed", async () => {
    expect(await everything()).toBe(before);
  });
});

type Fn = { name: string; args: string[] | null; types: string[] | null };

describe("T21 T08: over REST, every function", () => {
  let functions: Fn[];
  const ids: Record<string, unknown> = { org: ORG_A };
  beforeAll(async () => {
    functions = (
      await world.db.query<Fn>(`
        select p.proname as name, p.proargnames[1:p.pronargs] as args,
          array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, n) order by n) as types
        from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
          and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by 1`)
    ).rows;
    for (const [name, sql] of Object.entries({
      agent: "select id as value from public.agents where org_id = tests.org('A')",
      source: "select id as value from public.sources where org_id = tests.org('A')",
      version: "select id as value from public.source_versions where org_id = tests.org('A')",
      visitor: "select id as value from public.visitors where org_id = tests.org('A')",
      run: "select id as value from public.runs where org_id = tests.org('A')",
      message: "select id as value from public.messages where org_id = tests.org('A') and author = 'agent'",
    })) {
      ids[name] = await text(sql);
    }
  });

  /** Arguments of the right types that mean organization A's things wherever a name says so. */
  const argumentsOf = (fn: Fn) =>
    Object.fromEntries(
      (fn.args ?? []).map((name, i) => {
        const type = fn.types?.[i] ?? "text";
        if (name in ids) return [name, ids[name]];
        if (type.endsWith("[]")) return [name, []];
        if (type === "uuid") return [name, ids.run];
        if (/int|real|double|numeric/.test(type)) return [name, 1];
        if (type === "boolean") return [name, false];
        if (/timestamp/.test(type)) return [name, "2026-01-01T00:00:00Z"];
        if (type === "jsonb") return [name, {}];
        if (/vector/.test(type)) return [name, "[1,0,0]"];
        return [name, "delivery"];
      }),
    );

  test("is there to be called", () => {
    expect(functions.length).toBeGreaterThan(10);
  });

  test("is closed to anonymous callers", async () => {
    for (const fn of functions) {
      const answer = await call("anon", `rpc/${fn.name}`, { method: "POST", body: JSON.stringify(argumentsOf(fn)) });
      expect([fn.name, answer.status, (answer.body as { code: string }).code]).toEqual([fn.name, 401, "42501"]);
    }
  });

  test("of the server is closed to people, insiders too", async () => {
    for (const fn of functions.filter(({ name }) => !CALLABLE_BY_PEOPLE.includes(name))) {
      const answer = await call("owner", `rpc/${fn.name}`, { method: "POST", body: JSON.stringify(argumentsOf(fn)) });
      expect([fn.name, answer.status, (answer.body as { code: string }).code]).toEqual([fn.name, 403, "42501"]);
    }
  });

  test("that takes an organization tells outsiders nothing about it", async () => {
    const asked = functions.filter(({ name, args }) => CALLABLE_BY_PEOPLE.includes(name) && args?.includes("org"));
    expect(asked.map((fn) => fn.name)).toEqual([
      "action_use",
      "add_file_source",
      "begin_crm_sign_in",
      "budget_use",
      "change_agent_settings",
      "change_connection",
      "connection_names",
      "crm_context",
      "crm_push_facts",
      "dismiss_inbound_event",
      "list_members",
      "push_to_crm",
      "reauthorize_connection",
      "replay_webhooks",
      "reread_source",
      "retry_inbound_event",
      "rotate_webhook_secret",
      "save_agent",
      "search_chunks",
      "test_webhook",
    ]);
    for (const principal of ["removed", "owner of B"]) {
      for (const fn of asked) {
        const answer = await call(principal, `rpc/${fn.name}`, { method: "POST", body: JSON.stringify(argumentsOf(fn)) });
        const code = (answer.body as { code?: string } | null)?.code;
        expect([principal, fn.name, code === "P0002" || (answer.status === 200 && rowsIn(answer) === 0)]).toEqual([
          principal,
          fn.name,
          true,
        ]);
      }
    }
    // Nothing is a telling answer only where there is something to be told.
    const readable = { action_use: {}, budget_use: {}, search_chunks: { embedding_model: "m" }, list_members: {} };
    for (const [name, given] of Object.entries(readable)) {
      const fn = functions.find((one) => one.name === name) as Fn;
      const own = await call("viewer", `rpc/${name}`, { method: "POST", body: JSON.stringify({ ...argumentsOf(fn), ...given }) });
      expect([name, own.status, rowsIn(own) > 0]).toEqual([name, 200, true]);
    }
  });

  test("left the database as it was", async () => {
    expect(await everything()).toBe(before);
  });
});

describe("T22 T24: a request that is not signed right is nobody's", () => {
  test.each([
    ["no key", {}],
    ["a made-up key", { apikey: "sb_secret_0000000000000000000000000000" }],
    ["a key without its header", { authorization: "Bearer sb_publishable_0000000000000000" }],
    [
      "an unsigned token",
      {
        authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"role":"service_role","sub":"x"}').toString("base64url")}.`,
      },
    ],
  ])("%s", async (_, headers: Record<string, string>) => {
    const signed: Record<string, string> =
      "apikey" in headers || Object.keys(headers).length === 0 ? headers : { apikey: world.publishableKey, ...headers };
    const response = await fetch(`${world.url}/rest/v1/organizations`, { headers: signed });
    expect(response.status).toBe(401);
  });

  test("T59: filters, orders and selections are data, not SQL", async () => {
    const payloads = [
      "id=eq.1'; drop table agents;--",
      "order=id;drop table agents",
      "select=id,(select 1)",
      "select=settings->>'x'||1",
      "or=(id.eq.1,id.eq.2))--",
      "name=like.*%25'--",
      "limit=1;select 1",
    ];
    for (const payload of payloads) {
      const answer = await call("owner of B", `agents?${encodeURI(payload)}`);
      const rows = answer.status === 200 && Array.isArray(answer.body) ? (answer.body as { org_id?: string }[]) : [];
      expect([payload, rows.filter((row) => row.org_id === ORG_A)]).toEqual([payload, []]);
    }
    expect(await everything()).toBe(before);
  });
});

test.each(["auth", "storage", "private", "supabase_migrations", "pg_catalog", "information_schema", "tests"])(
  "T21: the schema %s is not on the API, not even for the server's key",
  async (schema) => {
    for (const principal of ["anon", "owner", "service_role"]) {
      for (const [path, method] of [
        ["users", "GET"],
        ["objects", "GET"],
        ["schema_migrations", "GET"],
        ["pg_authid", "GET"],
        ["rpc/my_org_ids", "POST"],
      ]) {
        const profile = method === "GET" ? "accept-profile" : "content-profile";
        const answer = await call(principal, path ?? "", {
          method,
          headers: { [profile]: schema },
          ...(method === "POST" ? { body: "{}" } : {}),
        });
        expect([principal, path, answer.status, (answer.body as { code: string }).code]).toEqual([principal, path, 406, "PGRST106"]);
      }
    }
  },
);

test("T08: related rows that ride along with a selection are the caller's own too", async () => {
  const own = await call("viewer", "agents?select=name,sources(title),conversations(id)");
  expect(own).toMatchObject({ status: 200, body: [{ name: "Agent A", sources: [{ title: "Handbook of A" }] }] });
  const theirs = await call("owner of B", "organizations?select=name,agents(name),memberships(user_id)");
  expect(theirs).toMatchObject({ status: 200, body: [{ name: "Organization B", agents: [{ name: "Agent B" }] }] });
  expect((theirs.body as unknown[]).length).toBe(1);
});

test("T03: over REST an update that would make its writer more than they are is refused", async () => {
  const as = (principal: string, path: string, body: object) =>
    call(principal, path, { method: "PATCH", body: JSON.stringify(body), headers: { prefer: "return=representation" } });
  const me = await text("select tests.uid('admin') as value");
  expect((await as("admin", `memberships?user_id=eq.${me}`, { role: "owner" })).status).toBe(403);
  expect((await as("admin", `memberships?user_id=eq.${await text("select tests.uid('viewer') as value")}`, { user_id: me })).status).toBe(
    403,
  );
  expect((await as("admin", `organizations?id=eq.${ORG_A}`, { created_by: me })).status).toBe(403);
  expect((await as("editor", `agents?org_id=eq.${ORG_A}`, { public_id: "demo" })).status).toBe(403);
  expect(rowsIn(await as("editor", `memberships?user_id=eq.${me}`, { role: "viewer" }))).toBe(0);
  expect(await everything()).toBe(before);
});

test("errors that functions raise arrive with their code and hint, as PostgREST sends them", async () => {
  const raised = await call("service_role", `memberships?org_id=eq.${ORG_B}&role=eq.owner`, {
    method: "PATCH",
    body: JSON.stringify({ role: "viewer" }),
  });
  expect(raised).toMatchObject({
    status: 400,
    body: { code: "P0001", message: "An organization needs at least one owner", hint: "last_owner" },
  });
  const refused = await call("service_role", "organizations", { method: "POST", body: JSON.stringify({ slug: "UPPER", name: "x" }) });
  expect(refused).toMatchObject({ status: 400, body: { code: "23514" } });
});

test("the audit log refuses the server's own key too", async () => {
  for (const method of ["PATCH", "DELETE"]) {
    const answer = await call("service_role", `audit_log?org_id=eq.${ORG_A}`, {
      method,
      body: method === "PATCH" ? '{"action":"x"}' : undefined,
    });
    expect([method, answer.status, (answer.body as { code: string }).code]).toEqual([method, 403, "42501"]);
  }
  expect(await everything()).toBe(before);
});

test("Supabase Lite has not widened a single grant by answering", async () => {
  expect(await grants()).toBe(grantsBefore);
});

test("H18: what was logged about all these refusals names no data and no query", async () => {
  await call("anon", "agents?id=eq.CANARY-in-a-filter");
  await call("service_role", "rpc/find_api_key", { method: "POST", body: JSON.stringify({ hash: "CANARY-hash\u0000" }) });
  await call("service_role", "messages", {
    method: "POST",
    body: JSON.stringify({ org_id: ORG_A, conversation_id: ORG_A, author: "visitor", body: "CANARY-message" }),
  });
  expect(logged.length).toBeGreaterThan(100);
  expect(logged.filter((line) => !/^(DatabaseError [0-9A-Z]{5}: [^\n]{1,200}$|Error: (Expected |"failed to parse))/.test(line))).toEqual(
    [],
  );
  expect(logged.filter((line) => /CANARY|select .* from|insert into|\$1|Delivery/i.test(line))).toEqual([]);
});
