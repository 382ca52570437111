// `npm run bench:crm [-- --contacts 10000 --crm hubspot --kill-every 20 --part backfill|fairness]`: reading all contacts of a CRM while its
// calls fail and workers are killed, and what quiet organizations wait while a noisy one has a backlog. Workers are processes as they are
// deployed, on a real Redis; the CRM is the fake that counts the documented limit itself. Takes about six minutes.
//
// A page takes so long at the fake that the reading takes 100 s if nothing happens. Every other kill takes the worker that is reading, if one is.
//
// Goals: 0 contacts lost, 0 read twice, 0 breaches of the limit, several kills in the middle of the reading; quiet organizations' jobs
// begin within a second (p95) while the noisy one's backlog lasts. Ends with 1 when one is missed.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { CrmId } from "../../core/crm/crm.ts";
import { startAmocrm } from "../fakes/crm/amocrm.ts";
import { startBitrix24 } from "../fakes/crm/bitrix24.ts";
import type { FakeCrm } from "../fakes/crm/fake-crm.ts";
import { startFakeHubspot } from "../fakes/crm/hubspot.ts";
import { startFakePipedrive } from "../fakes/crm/pipedrive.ts";
import { startFakeSalesforce } from "../fakes/crm/salesforce.ts";
import { startRedis } from "../fakes/redis.ts";
import { figures, percentile } from "./figures.ts";
import { type BenchBackend, must, startBenchBackend } from "./workers/backend.ts";
import { Crew } from "./workers/crew.ts";
import { addTenant, captureLeads, connectCrm, ENCRYPTION_KEY, type Tenant } from "./workers/tenants.ts";

const { values } = parseArgs({
  options: {
    contacts: { type: "string", default: "10000" },
    crm: { type: "string", default: "hubspot" },
    "kill-every": { type: "string", default: "20" },
    part: { type: "string", default: "both" },
  },
});
const crm = values.crm as CrmId;
const contacts = Number(values.contacts);
const killEveryMs = Number(values["kill-every"]) * 1000;
const FAKES: Record<CrmId, () => Promise<FakeCrm>> = {
  hubspot: startFakeHubspot,
  amocrm: () => startAmocrm(),
  pipedrive: () => startFakePipedrive(),
  salesforce: () => startFakeSalesforce(),
  bitrix24: () => startBitrix24(),
};
if (!FAKES[crm]) throw new Error(`There is no CRM ${crm}: ${Object.keys(FAKES).join(", ")}`);
/** What a page of contacts holds at the most, by CRM; only for choosing how slow the fake is. */
const PAGES: Record<CrmId, number> = { hubspot: 100, amocrm: 100, pipedrive: 100, salesforce: 200, bitrix24: 50 };
/** How long the reading would take undisturbed: five kills and more fall inside. */
const READING_MS = 100_000;
/** No CRM takes longer for a page. */
const SLOWEST_MS = 2_000;
/** A reading that gets no further for so long has ended. */
const GIVE_UP_MS = 5 * 60_000;
const WORKERS = 3;
const QUIET = 9;
const NOISY_LEADS = 600;
const ROUNDS = 10;
const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);

/** Reads everything from a fake whose calls fail, while every other kill takes the worker that is reading and the rest any. */
async function backfill(backend: BenchBackend, redis: string) {
  const { db } = backend;
  const fake = await FAKES[crm]();
  for (let n = 0; n < contacts; n++)
    fake.addContact({ name: `Person ${n}`, email: `person-${n}@example.com`, phone: `+7900${String(n).padStart(7, "0")}` });
  const takesMs = Math.round(Math.min(READING_MS / Math.max(1, contacts / PAGES[crm]), SLOWEST_MS));
  fake.takeTime(takesMs);
  fake.failRandomly({ tooMany: 0.02, broken: 0.01 });
  const crew = await Crew.start(WORKERS, {
    ...backend.env,
    REDIS_URL: redis,
    ENCRYPTION_KEY,
    EGRESS_ALLOW: fake.url,
    [`${crm.toUpperCase()}_URL`]: fake.url,
  });
  const tenant = await addTenant(db, "shop");
  const connection = await connectCrm(db, tenant, crm, fake, { pull: true });
  const began = performance.now();
  const pull = () => must(db.from("crm_pulls").select("mode, contacts, pages, ended_at").eq("connection_id", connection).single());
  let killsWhileReading = 0;
  let read = await pull();
  let movedAt = began;
  for (let nextKill = killEveryMs; !read.ended_at && performance.now() - movedAt < GIVE_UP_MS; ) {
    await sleep(100);
    const before = read.pages;
    read = await pull();
    if (read.pages !== before) movedAt = performance.now();
    if (read.ended_at || performance.now() - began < nextKill) continue;
    nextKill += killEveryMs;
    const reader = crew.lastAt("crm.pull");
    const isReading = (fake.requests.at(-1)?.at ?? 0) > Date.now() - takesMs - 1_500;
    const place = isReading && crew.kills % 2 === 0 ? reader : (crew.kills * 7 + 1) % WORKERS;
    if (isReading && place === reader) killsWhileReading++;
    crew.kill(place);
    say(
      `killed worker ${place}, ${isReading && place === reader ? "which was reading" : "which was not reading"}; ${read.contacts} contacts so far`,
    );
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  const stored: { external_id: string; email: string | null }[] = [];
  for (let from = 0; ; from += 1_000) {
    const page = await must(
      db
        .from("crm_contacts")
        .select("external_id, email")
        .eq("connection_id", connection)
        .is("deleted_at", null)
        .order("external_id")
        .range(from, from + 999),
    );
    stored.push(...page);
    if (page.length < 1_000) break;
  }
  const right = new Set(
    stored.filter(({ external_id, email }) => fake.contacts.get(external_id)?.email === email).map((one) => one.external_id),
  );
  const answered = (status: number) => fake.requests.filter((one) => one.status === status).length;
  const row = {
    what: "backfill",
    crm,
    contacts,
    lost: contacts - right.size,
    doubled: stored.length - right.size + Math.max(0, read.contacts - contacts),
    calls: fake.requests.length,
    "429": answered(429),
    "500": answered(500),
    breaches: fake.breaches(),
    kills: crew.kills,
    killsWhileReading,
    "page takes ms": takesMs,
    "kill every s": killEveryMs / 1000,
    seconds,
    givenUp: crew.givenUp.length,
    goal: "lost, doubled, breaches 0; kills while reading > 1",
  };
  await crew.stop();
  await fake.close();
  for (const job of crew.givenUp) say(`given up: ${job}`);
  const fit =
    row.lost === 0 && row.doubled === 0 && row.breaches === 0 && row.kills > 0 && row.killsWhileReading > (contacts >= 10_000 ? 1 : 0);
  return { row, fit: fit && read.ended_at !== null };
}

/** One organization with hundreds of leads to write, nine with one now and then, each with an account of its own; one worker does all. */
async function fairness(backend: BenchBackend, redis: string) {
  const { db } = backend;
  const tenants: (Tenant & { fake: FakeCrm })[] = [];
  for (let n = 0; n <= QUIET; n++) {
    const fake = await startFakeHubspot({ portalId: 7_000_001 + n });
    const tenant = await addTenant(db, n ? `quiet-${n}` : "noisy");
    await connectCrm(db, tenant, "hubspot", fake, {});
    tenants.push({ ...tenant, fake });
  }
  const [noisy, ...quiet] = tenants as [(typeof tenants)[0], ...typeof tenants];
  const crew = await Crew.start(1, {
    ...backend.env,
    REDIS_URL: redis,
    ENCRYPTION_KEY,
    EGRESS_ALLOW: tenants.map(({ fake }) => fake.url).join(","),
  });
  say("the noisy one gets its leads");
  for (let n = 0; n < NOISY_LEADS; n += 100) await captureLeads(db, noisy, 100);
  await sleep(4_000);
  const backlogs: number[] = [];
  const backlog = async () => {
    const { count } = await db.from("outbox").select("id", { count: "exact", head: true }).eq("org_id", noisy.orgId).is("ended_at", null);
    backlogs.push(count ?? 0);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await backlog();
    for (const tenant of quiet) {
      await captureLeads(db, tenant, 1);
      await sleep(600);
    }
  }
  // A lead is written three seconds after it was left; what the last ones wait is seen a little later.
  await sleep(8_000);
  await backlog();
  const waits = async (of: Tenant[]) => {
    const jobs = await must(
      db
        .from("outbox")
        .select("id, available_at, tries")
        .in(
          "org_id",
          of.map(({ orgId }) => orgId),
        )
        .eq("name", "crm.push")
        .eq("tries", 0)
        .limit(5_000),
    );
    const begun = new Map(crew.begun.toReversed().map(({ jobId, at }) => [jobId, at]));
    const now = Date.now();
    // What has not begun has waited until now.
    return jobs.map(({ id, available_at }) => (begun.get(id) ?? now) - Date.parse(available_at)).filter((wait) => wait >= 0);
  };
  const row = (who: string, measured: number[]) => ({
    what: `fairness: ${who}`,
    crm: "hubspot",
    jobs: measured.length,
    "wait p50 ms": percentile(measured, 50),
    "wait p95 ms": percentile(measured, 95),
    "wait worst ms": percentile(measured, 100),
  });
  const [noisyWaits, quietWaits] = [await waits([noisy]), await waits(quiet)];
  const breaches = tenants.reduce((all, { fake }) => all + fake.breaches(), 0);
  await crew.stop();
  await Promise.all(tenants.map(({ fake }) => fake.close()));
  const rows = [
    { ...row(`${QUIET} quiet`, quietWaits), breaches, goal: "wait p95 <= 1,000, breaches 0" },
    { ...row("1 noisy", noisyWaits), backlog: `${backlogs[0]} -> ${backlogs.at(-1)}`, goal: "a backlog to the end" },
  ];
  const fit =
    percentile(quietWaits, 95) <= 1_000 && quietWaits.length >= QUIET * ROUNDS && breaches === 0 && backlogs.every((left) => left > 50);
  return { rows, fit };
}

const redis = await startRedis();
const backend = await startBenchBackend();
const rows: object[] = [];
let fit = true;
try {
  if (values.part !== "fairness") {
    const one = await backfill(backend, redis.url);
    rows.push(one.row);
    fit &&= one.fit;
  }
  if (values.part !== "backfill") {
    const both = await fairness(backend, redis.url);
    rows.push(...both.rows);
    fit &&= both.fit;
  }
} finally {
  await backend.stop();
  await redis.stop();
}
figures("crm", rows);
process.exit(fit ? 0 : 1);
