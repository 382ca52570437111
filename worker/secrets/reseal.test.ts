import { randomBytes, randomUUID } from "node:crypto";
import { createSecretBox } from "@gpt-agent/core/secrets";
import { afterAll, beforeAll, expect, test } from "vitest";
import { must, startKnowledge, type TestKnowledge } from "../ingest/test-knowledge.ts";
import { PASSING_SEALED_COLUMNS, resealSecrets, SEALED_COLUMNS } from "./reseal.ts";

let world: TestKnowledge;
beforeAll(async () => {
  world = await startKnowledge();
});
afterAll(() => world?.close());

const [oldKey, newKey] = [
  { id: "old", key: randomBytes(32) },
  { id: "new", key: randomBytes(32) },
];
const never = new AbortController().signal;
const place = (id: string) => ({ orgId: world.orgId, purpose: "connections", rowId: id });
const add = async (sealedBy: ReturnType<typeof createSecretBox>, text: string, account: string) => {
  const id = randomUUID();
  const sealed_grant = sealedBy.seal(text, place(id));
  const row = { id, org_id: world.orgId, crm: "hubspot", name: "CRM", account_id: account, grant_kind: "token", settings: { pull: false } };
  await must(world.db.from("connections").insert({ ...row, sealed_grant }));
  return id;
};
const sealedOf = async () =>
  new Map((await must(world.db.from("connections").select("id, sealed_grant")))?.map((row) => [row.id, row.sealed_grant]) ?? []);

test("no column that holds something sealed is forgotten", async () => {
  const { rows } = await world.backend.db.query<{ place: string }>(
    `select c.relname || '.' || a.attname as place from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'private') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
       and (a.attname like '%sealed%' or exists (
         select 1 from pg_constraint k where k.conrelid = c.oid and a.attnum = any (k.conkey) and pg_get_constraintdef(k.oid) like '%^v1\\\\.%'))
     order by 1`,
  );
  const known = [...SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`), ...PASSING_SEALED_COLUMNS].sort();
  expect(rows.map((row) => row.place)).toEqual(known);
});

test("everything moves to the newest key, also when it is cut short, and what is changed meanwhile stays changed", async () => {
  const before = createSecretBox([oldKey]);
  const ids: string[] = [];
  for (let n = 0; n < 120; n++) ids.push(await add(before, `token-${n}`, `a${n}`));
  const lost = await add(createSecretBox([{ id: "gone", key: randomBytes(32) }]), "token", "lost");
  const box = createSecretBox([newKey, oldKey]);
  // The worker dies after some of them.
  let steps = 0;
  const dying = {
    ...box,
    seal: (text: string, at: Parameters<typeof box.seal>[1]) => {
      if (++steps > 50) throw new Error("killed");
      return box.seal(text, at);
    },
  };
  await expect(resealSecrets({ ...world, secretBox: dying }, never)).rejects.toThrow("killed");
  const half = [...(await sealedOf()).values()].filter((sealed) => !box.isStale(sealed)).length;
  expect(half).toBe(50);
  // Somebody replaces one between its being read and written.
  const other = [...(await sealedOf())].find(([id, sealed]) => box.isStale(sealed) && id !== lost)![0];
  const changed = box.seal("changed", place(other));
  const racing = {
    ...box,
    seal: (text: string, at: Parameters<typeof box.seal>[1]) => {
      if (at.rowId === other) void world.backend.db.query("update connections set sealed_grant = $1 where id = $2", [changed, other]);
      return box.seal(text, at);
    },
  };
  expect(await resealSecrets({ ...world, secretBox: racing }, never)).toEqual({ resealed: 70, stuck: 1 });
  const after = await sealedOf();
  const onlyNew = createSecretBox([newKey]);
  for (const [n, id] of ids.entries()) expect(onlyNew.open(after.get(id)!, place(id))).toBe(id === other ? "changed" : `token-${n}`);
  expect(box.isStale(after.get(lost)!)).toBe(true);
  expect(await resealSecrets({ ...world, secretBox: box }, never)).toEqual({ resealed: 0, stuck: 1 });
}, 120_000);

test("a secret of an action moves too, bound to the origin that the agent's versions name", async () => {
  const id = randomUUID();
  const at = { orgId: world.orgId, purpose: "agent_secrets https://erp.example", rowId: id };
  const settings = { actions: [{ url: "https://erp.example/orders/{id}", headers: [{ name: "x-key", secretId: id }] }] };
  await must(world.db.from("agent_versions").insert({ org_id: world.orgId, agent_id: world.agentId, number: 1, settings }));
  const sealed = createSecretBox([oldKey]).seal("key-1", at);
  await must(world.db.from("agent_secrets").insert({ id, org_id: world.orgId, agent_id: world.agentId, name: "x-key", sealed }));
  expect((await resealSecrets({ ...world, secretBox: createSecretBox([newKey, oldKey]) }, never)).resealed).toBe(1);
  const row = await must(world.db.from("agent_secrets").select("sealed").eq("id", id).single());
  expect(createSecretBox([newKey]).open(row!.sealed, at)).toBe("key-1");
});
