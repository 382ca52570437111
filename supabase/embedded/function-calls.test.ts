import { serviceDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { BackendDatabase } from "./database.ts";
import { PLACES, type TestBackend, type TestPlace } from "./test-backend.ts";

/** One function of each kind that the platform has. */
const FUNCTIONS = `
create function public.echo(given jsonb default '{}', note text default 'none', ids uuid[] default null) returns jsonb language sql
  set search_path = '' as $$ select pg_catalog.jsonb_build_object('given', given, 'note', note, 'ids', ids) $$;
create function public.who() returns jsonb language sql set search_path = ''
  as $$ select pg_catalog.jsonb_build_object('user', current_user, 'role', auth.role(), 'claims', auth.jwt()) $$;
create function public.request_id() returns text language sql set search_path = ''
  as $$ select nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-request-id' $$;
create function public.count_to(n integer) returns setof integer language sql set search_path = '' as $$ select pg_catalog.generate_series(1, n) $$;
create function public.squares(n integer) returns table (root integer, square bigint) language sql set search_path = ''
  as $$ select i, i::bigint * i from pg_catalog.generate_series(1, n) i $$;
create function public.one_row(n integer) returns table (name text) language sql set search_path = '' as $$ select 'n' || n $$;
create function public.moments() returns table (at timestamptz, day date) language sql set search_path = ''
  as $$ select '2026-11-26T01:02:03.5Z'::timestamptz, '2026-11-26'::date $$;
create function public.nothing(n integer) returns void language plpgsql set search_path = '' as $$ begin end $$;
create function public.nobody(n integer) returns uuid language sql set search_path = '' as $$ select null::uuid $$;
create function public.refuse(n integer) returns integer language plpgsql set search_path = ''
  as $$ begin raise exception 'No % please', n using errcode = 'P0001', hint = 'polite', detail = '{"n":1}'; end $$;
create function public.twice(n integer) returns integer language sql set search_path = '' as $$ select n * 2 $$;
create function public.twice(n text) returns text language sql set search_path = '' as $$ select n || n $$;
grant execute on all functions in schema public to service_role;
`;

describe.each(PLACES)("on %s", (_kind, open) => {
  let place: TestPlace;
  let backend: TestBackend<BackendDatabase>;
  /** Calls that went to the database directly. */
  let calls = 0;
  beforeAll(async () => {
    // Supabase Lite writes every error of the database to stderr.
    vi.spyOn(console, "error").mockImplementation(() => {});
    place = await open();
    backend = await place.start();
    await backend.db.exec(FUNCTIONS);
    // Supabase Lite reads the schema once.
    await backend.app.connection.clearSchemaCache?.();
    const { execute } = backend.db;
    backend.db.execute = (...given) => {
      calls += 1;
      return execute.call(backend.db, ...given);
    };
  }, 60_000);
  afterAll(async () => {
    vi.restoreAllMocks();
    await backend?.close();
    await place?.close();
  });

  /** Calls a function as the platform does; `direct` is false when Supabase Lite was asked. */
  async function call(fn: string, args: object, { query = "", headers = {} }: { query?: string; headers?: Record<string, string> } = {}) {
    const before = calls;
    const response = await fetch(`${backend.url}/rest/v1/rpc/${fn}${query}`, {
      method: "POST",
      headers: {
        apikey: backend.secretKey,
        authorization: `Bearer ${backend.secretKey}`,
        "content-profile": "public",
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(args),
    });
    const text = await response.text();
    return { status: response.status, body: text ? (JSON.parse(text) as unknown) : null, direct: calls > before };
  }

  /** The same through Supabase Lite: a preference takes a call there. */
  const slowly = (fn: string, args: object) => call(fn, args, { headers: { prefer: "tx=commit" } });

  describe("a call of a function with the secret key", () => {
    test.each<[string, object]>([
      ["echo", {}],
      ["echo", { given: { a: [1, null, "ü 'quoted' \\ \"double\" $1 ; drop table x; --"] }, note: "it's; select 1" }],
      ["echo", { ids: ["00000000-0000-7000-8000-00000000000a"], note: null }],
      ["count_to", { n: 3 }],
      ["count_to", { n: 0 }],
      ["squares", { n: 2 }],
      ["one_row", { n: 7 }],
      ["nobody", { n: 1 }],
    ])("is answered directly as Supabase Lite answers it: %s %j", async (fn, args) => {
      const direct = await call(fn, args);
      const lite = await slowly(fn, args);
      expect([direct.direct, lite.direct]).toEqual([true, false]);
      expect({ status: direct.status, body: direct.body }).toEqual({ status: lite.status, body: lite.body });
    });

    test("is known by the id that it brings, and so is a row that is written", async () => {
      const headers = { "x-request-id": crypto.randomUUID() };
      for (const how of [{}, { prefer: "tx=commit" }] as Record<string, string>[])
        expect((await call("request_id", {}, { headers: { ...headers, ...how } })).body).toBe(headers["x-request-id"]);
      expect((await call("request_id", {})).body).toBeNull();
      const written = await fetch(`${backend.url}/rest/v1/outbox`, {
        method: "POST",
        headers: { ...headers, apikey: backend.secretKey, "content-type": "application/json" },
        body: JSON.stringify({ name: "platform.sweep" }),
      });
      expect(written.status).toBe(201);
      const { rows } = await backend.db.query<{ id: string }>("select request_id as id from public.outbox where request_id is not null");
      expect(rows).toEqual([{ id: headers["x-request-id"] }]);
    });

    test("is made as service_role, which nobody after it is", async () => {
      expect((await call("who", {})).body).toEqual({ user: "service_role", role: "service_role", claims: { role: "service_role" } });
      const { rows } = await backend.db.query(
        "select current_user as who, coalesce(current_setting('request.jwt.claims', true), '') as claims",
      );
      expect(rows).toEqual([{ who: "postgres", claims: "" }]);
    });

    test("tells times as PostgREST does", async () => {
      expect((await call("moments", {})).body).toEqual([{ at: "2026-11-26T01:02:03.5+00:00", day: "2026-11-26" }]);
    });

    test("of a function that returns nothing says so", async () => {
      expect(await call("nothing", { n: 1 })).toEqual({ status: 204, body: null, direct: true });
    });

    test("that fails is told in PostgREST's words, and leaves nothing behind", async () => {
      const db = serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
      const { error } = await db.rpc("refuse" as never, { n: 3 } as never);
      expect(error).toMatchObject({ code: "P0001", message: "No 3 please", hint: "polite", details: '{"n":1}' });
      const [direct, lite] = [await call("refuse", { n: 3 }), await slowly("refuse", { n: 3 })];
      expect([direct.direct, lite.direct]).toEqual([true, false]);
      expect({ status: direct.status, body: direct.body }).toEqual({ status: lite.status, body: lite.body });
      expect((await call("count_to", { n: 1 })).body).toEqual([1]);
      expect((await call("count_to", { n: "x" })).status).toBe(400);
      expect((await call("echo", { note: "\u0000" })).status).toBeGreaterThanOrEqual(400);
    });

    test.each<[string, Parameters<typeof call>]>([
      ["with a filter", ["squares", { n: 2 }, { query: "?root=eq.1" }]],
      ["for one object", ["squares", { n: 1 }, { headers: { accept: "application/vnd.pgrst.object+json" } }]],
      ["of an overloaded function", ["twice", { n: 2 }]],
      ["with an argument that it does not have", ["count_to", { m: 2 }]],
      ["of a function that there is not", ["no_such_function", {}]],
      ["by a visitor of the API without a key", ["who", {}, { headers: { apikey: "", authorization: "" } }]],
      ["with another key", ["who", {}, { headers: { apikey: "sb_secret_0123456789abcdef", authorization: "" } }]],
    ])("A9: %s goes the whole way", async (_, args) => {
      const told = await call(...args);
      expect(told.direct).toBe(false);
    });

    test("A9: the publishable key, also beside the secret one, is never the server's", async () => {
      const mixed = [
        { apikey: backend.publishableKey, authorization: `Bearer ${backend.publishableKey}` },
        { apikey: backend.publishableKey, authorization: `Bearer ${backend.secretKey}` },
      ];
      for (const headers of mixed)
        expect((await call("who", {}, { headers })).body).not.toMatchObject({ user: "service_role", role: null });
      expect((await call("who", {}, { headers: mixed[0]! })).body).not.toMatchObject({ user: "service_role" });
    });
  });
});
