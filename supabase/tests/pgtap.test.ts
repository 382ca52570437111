import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestBackend } from "../embedded/test-backend.ts";
import { readTap } from "./tap.ts";
import { startTestWorld, undone } from "./test-world.ts";

const folder = fileURLToPath(new URL("./", import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
let world: TestBackend;

/** Runs SQL that speaks TAP, undoes it, and reports. */
async function runTap(sql: string) {
  const results = await undone(world.db, (db) => db.exec(sql));
  return readTap(
    results.flatMap(({ rows }) =>
      rows.flatMap((row) => Object.values(row).flatMap((value) => (typeof value === "string" ? value.split("\n") : []))),
    ),
  );
}

beforeAll(async () => {
  world = await startTestWorld();
  await world.db.exec(`
    create schema tap;
    create extension pgtap with schema tap;
    grant usage on schema tap to anon, authenticated, service_role;
    grant execute on all functions in schema tap, tests to anon, authenticated, service_role;
    alter database postgres set search_path = "$user", public, extensions, tap;
    set search_path = "$user", public, extensions, tap;
  `);
});
afterAll(() => world?.close());

test.each(files)("%s", async (file) => {
  const report = await runTap(readFileSync(folder + file, "utf8"));
  expect(report.failures).toEqual([]);
  expect(report.passed).toBeGreaterThan(0);
});

describe("a test file that is wrong fails", () => {
  test.each([
    ["a false assertion", "select plan(1); select is(1, 2, 'one is two'); select * from finish();", /not ok 1 - one is two/],
    ["an assertion too few", "select plan(2); select ok(true, 'fine'); select * from finish();", /planned 2 assertions but ran 1/],
    ["an assertion too many", "select plan(1); select ok(true); select ok(true);", /planned 1 assertions but ran 2/],
    ["no plan", "select 1", /no plan/],
  ])("%s", async (_, sql, message) => {
    expect((await runTap(sql)).failures.join("\n")).toMatch(message);
  });

  test("an error", async () => {
    await expect(runTap("select plan(1); select no_such_function();")).rejects.toThrow(/no_such_function/);
  });
});
