import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackendDatabase } from "../embedded/database.ts";
import type { TestBackend } from "../embedded/test-backend.ts";
import { type Cell, isExpected, PERMISSIONS, verdict } from "./permissions.ts";
import { startTestWorld, undone } from "./test-world.ts";

let world: TestBackend;
let cells: Cell[];

const matrix = async (db: Pick<BackendDatabase, "query">, table: string | null = null, verb: string | null = null) =>
  (await db.query<Cell>("select * from tests.matrix($1, $2)", [table, verb])).rows;
const wrong = (found: Cell[]) => found.map(verdict).filter((line) => line !== null);

beforeAll(async () => {
  world = await startTestWorld();
  cells = await matrix(world.db);
}, 300_000);
afterAll(() => world?.close());

describe("A2 H10 T01 T02 T03 T16 T18: who may do what, table by table", () => {
  test("every table has an entry, and every entry a table", () => {
    expect([...new Set(cells.map((cell) => cell.tbl))].sort()).toEqual(Object.keys(PERMISSIONS).sort());
  });

  test.each(Object.keys(PERMISSIONS))("%s", (table) => {
    const mine = cells.filter((cell) => cell.tbl === table);
    expect(mine.length).toBeGreaterThan(150);
    expect(wrong(mine)).toEqual([]);
  });

  test("every refusal is paired with somebody who may, so that an empty table cannot pass", () => {
    const unpaired = new Set<string>();
    for (const { tbl, verb, org } of cells) {
      const least = PERMISSIONS[tbl]?.[verb.split(" ")[0] as "select"];
      if (verb === "move" || verb.includes("the other's") || least === "nobody") continue;
      if (verb === "upsert" && PERMISSIONS[tbl]?.update === "nobody") continue;
      if (
        !cells.some((cell) => cell.tbl === tbl && cell.verb === verb && cell.org === org && isExpected(cell) && Number(cell.outcome) >= 1)
      ) {
        unpaired.add(`${tbl} ${verb}`);
      }
    }
    expect([...unpaired]).toEqual([]);
    console.info(`access matrix: ${cells.length} cells over ${Object.keys(PERMISSIONS).length} tables`);
  });
});

type Policy = { schema: string; table: string; name: string; command: string; using: string | null; check: string | null };

/** Ways to break a policy, as SQL. */
function mutants({ schema, table, name, using, check }: Policy): Record<string, string> {
  const on = `policy "${name}" on ${schema}.${table}`;
  const altered = (change: (expression: string) => string) =>
    `alter ${on}${using === null ? "" : ` using (${change(using)})`}${check === null ? "" : ` with check (${change(check)})`}`;
  const found: Record<string, string> = { dropped: `drop ${on}`, "true for everybody": altered(() => "true") };
  const lowered = { operator: "viewer", editor: "operator", admin: "editor", owner: "admin" };
  const expression = `${using ?? ""} ${check ?? ""}`;
  for (const [role, lower] of Object.entries(lowered)) {
    if (expression.includes(`my_org_ids('${role}'`)) {
      found[`${role} lowered to ${lower}`] = altered((text) => text.replaceAll(`my_org_ids('${role}'`, `my_org_ids('${lower}'`));
    }
  }
  return found;
}

test("A3 H10: the matrix notices every broken policy", async () => {
  const { rows: policies } = await world.db.query<Policy>(`
    select schemaname as schema, tablename as table, policyname as name, cmd as command, qual as using, with_check as check
    from pg_policies where schemaname in ('public', 'storage') order by 1, 2, 3`);
  expect(policies.length).toBeGreaterThan(30);
  const survivors: string[] = [];
  let made = 0;
  for (const policy of policies) {
    for (const [what, sql] of Object.entries(mutants(policy))) {
      made++;
      const noticed = await undone(world.db, async (db) => {
        await db.exec(sql);
        return wrong(await matrix(db, `${policy.schema}.${policy.table}`, policy.command.toLowerCase())).length;
      });
      if (noticed === 0) survivors.push(`${policy.schema}.${policy.table} "${policy.name}" ${what}`);
    }
  }
  expect(survivors).toEqual([]);
  console.info(`policy mutation: ${made} mutants of ${policies.length} policies, all noticed`);
}, 300_000);

test.each([
  ["forgets who asks", "select m.org_id from public.memberships m where m.role >= min_role"],
  ["forgets the role", "select m.org_id from public.memberships m where m.user_id = (select auth.uid())"],
])("A3: the matrix notices when my_org_ids %s", async (_, body) => {
  const found = await undone(world.db, async (db) => {
    await db.exec(`create or replace function private.my_org_ids(min_role public.member_role default 'viewer') returns setof uuid
      language sql stable security definer set search_path = '' as $$ ${body} $$`);
    return wrong(await matrix(db, "public.agents", "delete"));
  });
  expect(found.length).toBeGreaterThan(0);
});

test("A3: the matrix notices a table whose RLS was switched off", async () => {
  const found = await undone(world.db, async (db) => {
    await db.exec("alter table public.messages disable row level security");
    return wrong(await matrix(db, "public.messages", "select"));
  });
  expect(found.length).toBeGreaterThan(0);
});

test("a table without rows in the world fails the matrix", async () => {
  await expect(
    undone(world.db, async (db) => {
      await db.exec("create table public.nobody_thought_of_this (id uuid primary key, org_id uuid)");
      return matrix(db, "public.nobody_thought_of_this");
    }),
  ).rejects.toThrow(/public\.nobody_thought_of_this has no row of A/);
});
