import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@gpt-agent/core/log";
import { databaseNotices } from "@gpt-agent/core/notices/database-notices";
import type { Notices, NoticesOptions } from "@gpt-agent/core/notices/notices";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestBackend, type TestBackend } from "../../supabase/embedded/test-backend.ts";
import { postgresPrograms, startPostgres } from "../../supabase/recovery/test-postgres.ts";
import { backendNotices } from "./backend.ts";

// Room for a busy machine.
vi.setConfig({ testTimeout: 60_000 });
const log = { ...createLog("error"), warn() {}, info() {} };

/** A way to a port that can be cut. */
async function startWay(port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close() {
      cut();
      server.close();
    },
  };
}

type World = {
  port: number;
  /** Listens by way of a port. */
  open(port: number, options: NoticesOptions): Notices;
  run(sql: string): Promise<unknown>;
  close(): Promise<void>;
};

/** What every line must do. */
function contract(name: string, start: () => Promise<World>) {
  describe(`notices: ${name}`, () => {
    let world: World;
    let way: Awaited<ReturnType<typeof startWay>>;
    let notices: Notices;
    let heard = 0;
    let connected = 0;
    beforeAll(async () => {
      world = await start();
      way = await startWay(world.port);
      notices = world.open(way.port, { log, heard: () => heard++, connected: () => connected++ });
      await vi.waitFor(() => expect(connected).toBe(1), { timeout: 40_000 });
    }, 60_000);
    afterAll(async () => {
      await notices?.close();
      way?.close();
      await world?.close();
    });

    test("can be closed while it connects", async () => {
      await world.open(way.port, { log, heard() {} }).close();
    });

    test("tells of jobs when they are committed, and not of those for later or taken back", async () => {
      let before = heard;
      await world.run("insert into public.outbox (name) values ('platform.sweep'), ('platform.sweep')");
      await expect.poll(() => heard, { timeout: 10_000 }).toBe(before + 1);
      before = heard;
      await world.run("insert into public.outbox (name, available_at) values ('platform.sweep', now() + interval '1 minute')");
      await world.run("begin; insert into public.outbox (name) values ('platform.sweep'); rollback");
      await sleep(200);
      expect(heard).toBe(before);
      await world.run("insert into public.outbox (name) values ('platform.sweep')");
      await expect.poll(() => heard, { timeout: 10_000 }).toBe(before + 1);
    });

    test("a line that is cut is opened again, and what was missed is looked for", async () => {
      const before = heard;
      way.cut();
      await world.run("insert into public.outbox (name) values ('platform.sweep')");
      await expect.poll(() => connected, { timeout: 10_000 }).toBe(2);
      expect(heard).toBe(before + 1);
      await world.run("insert into public.outbox (name) values ('platform.sweep')");
      await expect.poll(() => heard, { timeout: 10_000 }).toBe(before + 2);
    });

    test("tells nothing more once it is closed", async () => {
      await notices.close();
      const before = heard;
      await world.run("insert into public.outbox (name) values ('platform.sweep')");
      await sleep(200);
      expect(heard).toBe(before);
    });
  });
}

contract("Postgres", async () => {
  const programs = postgresPrograms();
  if (!programs) throw new Error("This test needs a real Postgres. Install it (Debian: apt-get install postgresql).");
  const server = await startPostgres(programs);
  const client = new Client({ connectionString: server.url("postgres") });
  await client.connect();
  await client.query("create schema private; create table public.outbox (name text, available_at timestamptz not null default now())");
  await client.query(readFileSync(new URL("../../supabase/migrations/20261126006000_outbox_notices.sql", import.meta.url), "utf8"));
  return {
    port: Number(new URL(server.url("postgres")).port),
    open: (port, options) => databaseNotices(`postgres://postgres@127.0.0.1:${port}/postgres`, options),
    run: (sql) => client.query(sql),
    async close() {
      await client.end();
      await server.stop();
    },
  };
});

let backend: TestBackend;
contract("the embedded backend", async () => {
  backend = await startTestBackend();
  return {
    port: Number(new URL(backend.url).port),
    open: (port, options) => backendNotices(`http://127.0.0.1:${port}/notices`, backend.secretKey, options),
    run: (sql) => backend.db.exec(sql),
    close: () => backend.close(),
  };
});

test("the embedded backend tells nothing to whoever lacks the secret key", async () => {
  const other = await startTestBackend();
  for (const apikey of ["", other.publishableKey, `${other.secretKey}x`]) {
    const answer = await fetch(`${other.url}/notices`, { headers: { apikey } });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toBe("Unauthorized");
  }
  const answer = await fetch(`${other.url}/notices`, { method: "POST", headers: { apikey: other.secretKey } });
  expect(answer.status).toBe(405);
  await other.close();
});
