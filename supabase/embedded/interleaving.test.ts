import { serviceDb } from "@gpt-agent/core/db";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { clientOf } from "../tests/http-personas.ts";
import { settle } from "../tests/test-world.ts";
import type { BackendDatabase } from "./database.ts";
import { PLACES, type TestBackend, type TestPlace } from "./test-backend.ts";

const ORG = { A: "00000000-0000-7000-8000-00000000000a", B: "00000000-0000-7000-8000-00000000000b" };
describe.each(PLACES)("on %s", (_kind, open) => {
  let place: TestPlace;
  let world: TestBackend<BackendDatabase>;
  beforeAll(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    place = await open();
    // Few sessions, so that many requests follow one another in each.
    world = await place.start({ connections: 3 });
    await settle(world.db);
  }, 60_000);
  afterAll(async () => {
    vi.restoreAllMocks();
    await world?.close();
    await place?.close();
  });

  test("A10: in 400 interleaved requests nobody is ever taken for somebody else", async () => {
    const [a, b, out] = [await clientOf(world, "owner"), await clientOf(world, "owner of B"), await clientOf(world, "removed")];
    const service = serviceDb({ url: world.url, publishableKey: world.publishableKey, secretKey: world.secretKey });
    const seen = async (query: PromiseLike<{ data: { org_id: string }[] | null }>) =>
      [...new Set((await query).data?.map((row) => row.org_id))].sort();
    // What each must see, whoever asked just before; some requests fail on purpose, in the middle of a transaction.
    const asks: (() => Promise<unknown>)[] = [
      async () => expect(await seen(a.from("agents").select("org_id"))).toEqual([ORG.A]),
      async () => expect(await seen(b.from("messages").select("org_id"))).toEqual([ORG.B]),
      async () => expect(await seen(service.from("agents").select("org_id"))).toEqual([ORG.A, ORG.B]),
      async () => expect((await service.rpc("visitor_run", { org: ORG.A, visitor: ORG.A, conversation: "none" })).data).toBeNull(),
      async () => expect((await service.rpc("replay_webhooks" as never, { org: ORG.A } as never)).error).not.toBeNull(),
      async () => expect(await seen(out.from("agents").select("org_id"))).toEqual([]),
      async () =>
        expect(
          (await b.rpc("save_agent", { org: ORG.A, agent: ORG.A, agent_name: "x", agent_settings: {}, origins: [] })).error?.code,
        ).toBe("P0002"),
      async () => expect((await a.from("audit_log").insert({ org_id: ORG.A, action: "x", subject_type: "x" })).error?.code).toBe("42501"),
      async () => expect((await service.from("organizations").insert({ slug: "org-a", name: "taken" })).error?.code).toBe("23505"),
      async () =>
        expect(
          (await a.rpc("save_agent", { org: ORG.A, agent: null as never, agent_name: "", agent_settings: {}, origins: [] })).error?.code,
        ).toBe("23514"),
    ];
    let next = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (next < 400) {
          next++;
          await asks[Math.floor(Math.random() * asks.length)]?.();
        }
      }),
    );
    // Of every session.
    const looks = Array.from({ length: 6 }, () =>
      world.db.query(
        `select current_user as who, coalesce(current_setting('request.jwt.claims', true), '') as claims,
           coalesce(current_setting('request.jwt.claim.sub', true), '') as sub, coalesce(current_setting('request.headers', true), '') as headers, pg_sleep(0.02)::text as slept`,
      ),
    );
    for (const { rows } of await Promise.all(looks))
      expect(rows).toEqual([{ who: "postgres", claims: "", sub: "", headers: "", slept: "" }]);
  }, 120_000);

  test("T-races: of eight dispatchers that claim at once none gets another's job", async () => {
    const service = serviceDb({ url: world.url, publishableKey: world.publishableKey, secretKey: world.secretKey });
    await world.db.exec(
      "delete from public.outbox; insert into public.outbox (name, payload) select 'source.read', jsonb_build_object('n', n) from generate_series(1, 100) n",
    );
    const claim = () => service.rpc("claim_outbox", { batch_size: 5, lease_seconds: 60, slots: 100 });
    const claims = await Promise.all(Array.from({ length: 40 }, claim));
    // Who looks just when others hold what is next comes away with less, and it is left for later.
    for (let last = await claim(), n = 0; last.data?.length && n < 40; last = await claim(), n++) claims.push(last);
    expect(claims.filter(({ error }) => error)).toEqual([]);
    const ids = claims.flatMap(({ data }) => data?.map((row) => row.id) ?? []);
    expect(ids.length).toBe(100);
    expect(new Set(ids).size).toBe(100);
  });

  test("T-races: twenty saves of one agent at once make twenty versions, the last of them published", async () => {
    const editor = await clientOf(world, "editor");
    const { data: agent } = await editor.rpc("save_agent", {
      org: ORG.A,
      agent: null as never,
      agent_name: "Busy",
      agent_settings: {},
      origins: [],
    });
    const id = (agent as unknown as { id: string }).id;
    const saves = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        editor.rpc("save_agent", { org: ORG.A, agent: id, agent_name: "Busy", agent_settings: { n }, origins: [`https://${n}.example`] }),
      ),
    );
    expect(saves.filter((save) => save.error)).toEqual([]);
    const { data: versions } = await editor.from("agent_versions").select("id, number").eq("agent_id", id).order("number");
    expect(versions?.map((version) => version.number)).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
    expect((await editor.from("agents").select("published_version_id").eq("id", id).single()).data?.published_version_id).toBe(
      versions?.at(-1)?.id,
    );
    expect((await editor.from("agent_origins").select("origin").eq("agent_id", id)).data?.length).toBe(1);
  });
});
