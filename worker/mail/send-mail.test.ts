// Mails from the change they tell of to the person who reads them, over a real database.
import { randomUUID } from "node:crypto";
import type { Mail, Mailer } from "@gpt-agent/core/mail/mailer";
import { MailRefused } from "@gpt-agent/core/mail/refused";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { must, startKnowledge, type TestKnowledge } from "../ingest/test-knowledge.ts";
import { PermanentFailure } from "../queue/job-queue.ts";
import { sendMail } from "./send-mail.ts";

let world: TestKnowledge;
let sent: Mail[];
let failure: Error | null;
const mailer: Mailer = {
  async send(mail) {
    if (failure) throw failure;
    sent.push(mail);
  },
};
const deps = (over: { mailer?: Mailer | null } = {}) => ({ db: world.db, log: world.log, mailer, appUrl: "https://portal.test", ...over });

beforeAll(async () => {
  world = await startKnowledge();
  await addMember("owner", null);
});
afterAll(() => world?.close());
beforeEach(async () => {
  [sent, failure] = [[], null];
  await sql("delete from webhook_endpoints");
  await sql("delete from mails");
  await sql("delete from outbox");
  await sql("delete from memberships where org_id = $1 and role <> 'owner'", [world.orgId]);
  await sql("update organizations set name = 'Shop' where id = $1", [world.orgId]);
});

const sql = async <T extends object = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> =>
  (await world.backend.db.query<T>(text, values)).rows;

async function addMember(role: string, locale: string | null): Promise<string> {
  const email = `${role}-${randomUUID().slice(0, 8)}@example.com`;
  const [user] = await sql<{ id: string }>(
    "insert into auth.users (id, email, raw_user_meta_data) values (gen_random_uuid(), $1, $2) returning id",
    [email, JSON.stringify(locale ? { locale } : {})],
  );
  await sql("insert into memberships (org_id, user_id, role) values ($1, $2, $3)", [world.orgId, user!.id, role]);
  return email;
}

async function addEndpoint(url = "https://shop.example/hooks?a=1&b=2"): Promise<string> {
  const [endpoint] = await sql<{ id: string }>(
    "insert into webhook_endpoints (org_id, url, events, sealed_secret) values ($1, $2, '{source.ready}', 'v1.1.' || repeat('A', 40)) returning id",
    [world.orgId, url],
  );
  return endpoint!.id;
}

/** A delivery whose last attempt ends so. */
async function fail(endpoint: string, how: { gone?: boolean; statusCode?: number; failure?: string }): Promise<void> {
  const { data: delivery } = await world.db.rpc("test_webhook", { org: world.orgId, endpoint });
  await must(world.db.rpc("begin_webhook_attempt", { delivery: delivery! }));
  await must(
    world.db.rpc("end_webhook_attempt", {
      delivery: delivery!,
      attempt: 1,
      result: { ok: false, retryInSeconds: null, durationMs: 1, ...how },
    }),
  );
}

/** The mails that wait in the outbox, sent as the worker does. */
async function work(over: Parameters<typeof deps>[0] = {}): Promise<void> {
  const jobs = await sql<{ payload: { mailId: string } }>(
    "select payload from outbox where name = 'mail.send' and sent_at is null order by created_at, id",
  );
  await sql("update outbox set sent_at = now() where name = 'mail.send'");
  for (const { payload } of jobs) await sendMail(payload.mailId, deps(over));
}
const outcomes = async () =>
  (await sql<{ outcome: string | null }>("select outcome from mails order by created_at, id")).map(({ outcome }) => outcome);
const to = (address: string) => sent.find((mail) => mail.to === address);

describe("C6: an endpoint that is switched off by itself", () => {
  test("is told to each owner and admin, once, in their language, with the last failure and a link", async () => {
    const russian = await addMember("admin", "ru");
    const english = await addMember("admin", "en");
    const editor = await addMember("editor", "ru");
    const endpoint = await addEndpoint();
    await fail(endpoint, { statusCode: 503, failure: "status" });
    await work();

    expect(sent.length).toBe((await sql("select 1 from memberships where org_id = $1 and role >= 'admin'", [world.orgId])).length);
    expect(to(editor)).toBeUndefined();
    const link = `https://portal.test/orgs/shop-${world.orgId.slice(0, 8)}/integrations/webhooks/${endpoint}`;
    expect(to(russian)).toMatchObject({ subject: "Вебхуки на shop.example выключены" });
    expect(to(russian)?.text).toContain("Последняя ошибка: Ответ HTTP 503");
    expect(to(russian)?.text).toContain("«Shop»");
    expect(to(english)).toMatchObject({ subject: "Webhooks to shop.example were switched off" });
    expect(to(english)?.text).toContain("For three days nothing got through");
    for (const mail of sent) {
      expect(mail.text).toContain(link);
      expect(mail.html).toContain(`href="${link}"`);
      expect(mail.html).toContain("https://shop.example/hooks?a=1&amp;b=2");
    }
    expect(to(russian)?.html).toContain('<html lang="ru">');
    expect(new Set(await outcomes())).toEqual(new Set(["sent"]));

    // The same jobs again, and another delivery that was on its way: nobody hears of it twice.
    const [mail] = await sql<{ id: string }>("select id from mails");
    await sendMail(mail!.id, deps());
    const before = sent.length;
    await world.backend.db.query("update webhook_endpoints set status = 'enabled', disabled_reason = null where id = $1", [endpoint]);
    await fail(endpoint, { gone: true, statusCode: 410, failure: "gone" });
    await work();
    expect(sent).toHaveLength(before);
  });

  test("says what 410 means, and names a failure without an answer", async () => {
    const admin = await addMember("admin", null);
    await fail(await addEndpoint(), { gone: true, statusCode: 410, failure: "gone" });
    await fail(await addEndpoint("https://other.example/"), { failure: "timeout" });
    await work();
    const mine = sent.filter((mail) => mail.to === admin).map(({ text }) => text);
    expect(mine[0]).toMatch(/answered 410 Gone[\s\S]*It answered HTTP 410/);
    expect(mine[1]).toContain("The last failure: No answer within 15 seconds");
  });

  test("leaves nothing when the transaction that disables it is undone", async () => {
    const endpoint = await addEndpoint();
    const { data: delivery } = await world.db.rpc("test_webhook", { org: world.orgId, endpoint });
    const undone = world.backend.db.transaction(async (session) => {
      await session.query("select end_webhook_attempt($1, 1, $2)", [delivery, JSON.stringify({ ok: false, gone: true })]);
      expect((await session.query("select 1 from mails")).rows.length).toBeGreaterThan(0);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(await sql("select 1 from mails")).toEqual([]);
    expect(await sql("select 1 from outbox where name = 'mail.send'")).toEqual([]);
  });

  test("T47: names and addresses are inert in it", async () => {
    const admin = await addMember("admin", "en");
    const name = `</p><script>alert(1)</script>"onload='x'\u202Egnp\u0007`;
    await sql("update organizations set name = $2 where id = $1", [world.orgId, name]);
    await fail(await addEndpoint(`https://shop.example/"><img src=x onerror=alert(1)>\r\nBcc: eve@example.com`), { gone: true });
    await work();
    const mail = to(admin)!;
    expect(mail.html).not.toMatch(/<(script|img)/);
    expect((mail.subject + mail.html + mail.text).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(mail.html).toContain("&lt;/p&gt;&lt;script&gt;");
    expect(mail.subject).toBe("Webhooks to shop.example were switched off");
    expect(mail.html!.match(/<a /g)).toHaveLength(1);
  });
});

describe("a mail", () => {
  const written = async () => {
    await fail(await addEndpoint(), { gone: true });
    const [mail] = await sql<{ id: string }>("select id from mails order by created_at, id limit 1");
    return mail!.id;
  };

  test("is sent once by eight workers at a time, and again after one that died", async () => {
    const id = await written();
    await Promise.all(Array.from({ length: 8 }, () => sendMail(id, deps())));
    expect(sent).toHaveLength(1);

    await sql("update mails set ended_at = null, outcome = null, attempting_until = now() + interval '1 minute'");
    await sendMail(id, deps());
    expect(sent).toHaveLength(1);
    await sql("update mails set attempting_until = now() - interval '1 second'");
    await sendMail(id, deps());
    expect(sent.map((mail) => mail.id)).toEqual([id, id]);
  });

  test("that a server takes later is tried again; one that it refuses is not", async () => {
    const id = await written();
    failure = new Error("451 later");
    await expect(sendMail(id, deps())).rejects.toThrow("451");
    expect(await outcomes()).toContain(null);
    await sql("update mails set attempting_until = now() - interval '1 second'");
    failure = new MailRefused("550 no such mailbox");
    await sendMail(id, deps());
    expect(await outcomes()).toContain("refused");
  });

  test("ends unsent where nothing sends mails, once its reader has left, and once it is no longer true", async () => {
    const admin = await addMember("admin", "en");
    const endpoint = await addEndpoint();
    await fail(endpoint, { gone: true });
    const before = await outcomes();
    await sql("delete from memberships where org_id = $1 and role = 'admin'", [world.orgId]);
    await work({ mailer: null });
    expect((await outcomes()).sort()).toEqual([...Array(before.length - 1).fill("unconfigured"), "unwanted"]);

    await sql("delete from mails");
    await world.backend.db.query("update webhook_endpoints set status = 'enabled', disabled_reason = null where id = $1", [endpoint]);
    await fail(endpoint, { gone: true });
    await world.backend.db.query("update webhook_endpoints set status = 'enabled', disabled_reason = null where id = $1", [endpoint]);
    await work();
    expect(new Set(await outcomes())).toEqual(new Set(["unwanted"]));
    expect([sent, to(admin)]).toEqual([[], undefined]);
  });

  test("of a kind that nobody can word is given up", async () => {
    const id = await written();
    await sql("alter table mails disable trigger freeze_columns");
    await sql("update mails set kind = 'toString'");
    await sql("alter table mails enable trigger freeze_columns");
    await expect(sendMail(id, deps())).rejects.toBeInstanceOf(PermanentFailure);
  });

  test("that is left without a job is put into the outbox again, for two days; one whose job waits or was given up is not", async () => {
    await written();
    const requeue = async () => (await world.db.rpc("requeue_lost_mails", {})).data;
    await sql("update mails set created_at = now() - interval '2 hours'");
    await sql("update outbox set available_at = now() + interval '1 hour', tries = 5 where name = 'mail.send'");
    expect(await requeue()).toBe(0);
    const given = "insert into private.dead_jobs (id, org_id, name, payload, reason, attempts) select id, org_id, name, payload, 'why', 7";
    await sql(`${given} from outbox where name = 'mail.send'`);
    await sql("update outbox set ended_at = now() - interval '1 hour' where name = 'mail.send'");
    expect(await requeue()).toBe(0);
    await sql("delete from private.dead_jobs");
    await sql("update mails set attempting_until = now() + interval '30 seconds'");
    expect(await requeue()).toBe(0);
    await sql("update mails set attempting_until = now() - interval '1 second'");
    const all = (await outcomes()).length;
    expect([await requeue(), await requeue()]).toEqual([all, 0]);
    await work();
    expect(sent).toHaveLength(all);
    await sql("delete from outbox");
    await sql("update mails set ended_at = null, outcome = null, attempting_until = null, created_at = now() - interval '3 days'");
    expect(await requeue()).toBe(0);
  });
});
