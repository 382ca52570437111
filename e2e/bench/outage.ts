// `npm run bench:outage [-- --seconds 30 --how kept,wiped,frozen]`: Redis goes away while the platform works, and comes back: with what it
// had on disk (append-only file), wiped, or after a freeze in which it answered nobody. The platform is that of `npm start` with REDIS_URL; visitors ask
// all the time, each question and answer is told to a webhook, and files are uploaded. Takes about two minutes for each.
//
// Goals: no answer cut or refused, no job lost, no effect doubled, no process ended, healthy and at work within 15 s of Redis's return. Ends
// with 1 when one is missed.
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createSecretBox } from "../../core/secrets.ts";
import { webhookSecretPlace } from "../../core/webhook-events.ts";
import { ensureBuilt } from "../../scripts/project.mjs";
import { keysOf, makeAccount, makeAgent, uploadSource } from "../account.ts";
import { startRedis } from "../fakes/redis.ts";
import { figures, percentile } from "./figures.ts";
import { addAgent, openVisitors, setStage } from "./streams/stage.ts";
import { readTokens } from "./streams/token.ts";
import { must } from "./workers/backend.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "30" }, how: { type: "string", default: "kept,wiped,frozen" } },
});
type How = "kept" | "wiped" | "frozen";
const away = Number(values.seconds) * 1000;
const BEFORE_MS = 10_000;
const AFTER_MS = 20_000;
const VISITORS = 80;
const ASK_EVERY_MS = 400;
const UPLOAD_EVERY_MS = 3_000;
const TOKENS = 30;
const ALL = Array.from({ length: TOKENS }, (_, n) => n + 1).join();
const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);

/** A receiver of webhooks that counts how often each came. */
async function startReceiver() {
  const received = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      received.set(id, (received.get(id) ?? 0) + 1);
      response.writeHead(204).end();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

async function outage(how: How) {
  const redis = await startRedis({ keeps: true });
  const receiver = await startReceiver();
  const stage = await setStage({ REDIS_URL: redis.url, EGRESS_ALLOW: receiver.url });
  const { platform, db, model } = stage;
  try {
    model.pace({ tokens: TOKENS, everyMs: 100, firstMs: 200 });
    const publicId = await addAgent(stage, 20);
    const { org_id: orgId } = await must(db.from("agents").select("org_id").eq("public_id", publicId).single());
    const [keyId, key] = (keysOf(platform.dataFolder) as unknown as Record<string, string>).ENCRYPTION_KEY!.split(":") as [string, string];
    const secretBox = createSecretBox([{ id: keyId, key: Buffer.from(key, "base64") }]);
    const endpoint = randomUUID();
    const sealed = secretBox.seal(`whsec_${randomBytes(32).toString("base64")}`, webhookSecretPlace(orgId, endpoint));
    const events = ["message.created"];
    await must(
      db
        .from("webhook_endpoints")
        .insert({ id: endpoint, org_id: orgId, url: `${receiver.url}/hook`, events, sealed_secret: sealed })
        .select("id"),
    );
    const account = await makeAccount(platform);
    const reader = await makeAgent(account, "Reader");
    const visitors = await openVisitors(stage, publicId, VISITORS);

    const answers: { at: number; firstMs: number; whole: boolean; error?: string }[] = [];
    const sources: string[] = [];
    let working = true;
    const one = async (n: number) => {
      const at = performance.now();
      let firstMs = Number.NaN;
      let text = "";
      try {
        for await (const { event } of visitors[n % VISITORS]!.visitor.ask("What does item7 need?")) {
          if (event.type !== "text-delta") continue;
          if (!text) firstMs = performance.now() - at;
          text += event.delta;
        }
        answers.push({
          at,
          firstMs,
          whole:
            readTokens(text)
              .tokens.map(({ n: number }) => number)
              .join() === ALL,
        });
      } catch (error) {
        answers.push({ at, firstMs, whole: false, error: String(error) });
      }
    };
    const asking: Promise<void>[] = [];
    const ask = (async () => {
      for (let n = 0; working; n++) {
        asking.push(one(n));
        await sleep(ASK_EVERY_MS);
      }
    })();
    const upload = (async () => {
      for (let n = 0; working; n++) {
        const text = Buffer.from(`Note ${n}. The warranty of model M${n} lasts ${n} years and covers the lid.`);
        sources.push(await uploadSource(account, reader.id, `note-${n}.txt`, text, "text/plain"));
        await sleep(UPLOAD_EVERY_MS);
      }
    })();

    await sleep(BEFORE_MS);
    say(`${how}: Redis goes away`);
    const gone = performance.now();
    if (how === "frozen") redis.freeze(true);
    else await redis.kill();
    await sleep(away);
    if (how === "frozen") redis.freeze(false);
    else await redis.start({ wiped: how === "wiped" });
    const back = performance.now();
    say(`${how}: Redis is back`);
    // Healthy is: portal and worker say so, and a job that comes now, of an organization without a backlog, is done.
    const healthy = async () => {
      const checks = [`${platform.url}/api/health`, `${platform.workerUrl}/health`].map((url) => fetch(url).then(({ ok }) => ok));
      return (await Promise.all(checks)).every(Boolean);
    };
    const isDone = async (id: string) => (await must(db.from("outbox").select("ended_at").eq("id", id).single())).ended_at !== null;
    const waiting = async () => {
      const { count, error } = await db
        .from("outbox")
        .select("id", { count: "exact", head: true })
        .is("ended_at", null)
        .in("name", ["webhook.deliver", "source.read"])
        .lt("created_at", returned);
      if (error) throw new Error(error.message);
      return count;
    };
    const after = async (check: () => Promise<boolean>) => {
      while (performance.now() - back < 120_000 && !(await check().catch(() => false))) await sleep(100);
      return performance.now() - back;
    };
    const quiet = await makeAccount(platform, "Quiet");
    const returned = new Date().toISOString();
    const put = { org_id: quiet.orgId, name: "webhook.deliver", payload: { deliveryId: randomUUID() } };
    const probe = await must(db.from("outbox").insert(put).select("id").single());
    const [saidMs, doneMs, backlogMs] = await Promise.all([
      after(healthy),
      after(() => isDone(probe.id)),
      after(async () => (await waiting()) === 0),
    ]);
    const healthyMs = Math.max(saidMs, doneMs);
    await sleep(Math.max(0, AFTER_MS - backlogMs));
    working = false;
    await Promise.all([ask, upload]);
    await Promise.all(asking);

    const open = async () => {
      const { count } = await db
        .from("outbox")
        .select("id", { count: "exact", head: true })
        .is("ended_at", null)
        .in("name", ["webhook.deliver", "source.read"]);
      return count ?? 0;
    };
    const ended = performance.now();
    while ((await open()) > 0 && performance.now() - ended < 120_000) await sleep(200);
    const told = await must(db.from("webhook_events").select("id").eq("org_id", orgId).eq("type", "message.created").limit(10_000));
    const readings = await must(db.from("sources").select("id, status").in("id", sources));
    const versions = await must(db.from("source_versions").select("source_id").in("source_id", sources));
    const dead = await must(db.rpc("outbox_figures").single());
    const running = JSON.parse(readFileSync(join(platform.dataFolder, "running.json"), "utf8")) as typeof platform;
    const during = answers.filter(({ at }) => at > gone - 3_000 && at < back);
    const broken = answers.filter(({ whole }) => !whole);
    for (const { error, at } of broken.slice(0, 5))
      say(`an answer broke ${((at - gone) / 1000).toFixed(1)} s after Redis went: ${error ?? "cut"}`);
    const row = {
      how,
      "away s": away / 1000,
      answers: answers.length,
      "of these while away": during.length,
      broken: broken.length,
      "first word p50 ms before": percentile(
        answers.filter(({ at }) => at < gone - 3_000).map(({ firstMs }) => firstMs),
        50,
      ),
      "while away, p50": percentile(
        during.map(({ firstMs }) => firstMs),
        50,
      ),
      "while away, worst": percentile(
        during.map(({ firstMs }) => firstMs),
        100,
      ),
      webhooks: told.length,
      "webhooks lost": told.filter(({ id }) => !receiver.received.has(id)).length,
      "webhooks doubled": [...receiver.received.values()].filter((times) => times > 1).length,
      files: sources.length,
      "files lost": sources.length - readings.filter(({ status }) => status === "ready").length,
      "files doubled": versions.length - new Set(versions.map((version) => version.source_id)).size,
      "dead letters": dead.dead,
      crashes: (platform.output().match(/ended unexpectedly/g) ?? []).length,
      "healthy after s": Number((healthyMs / 1000).toFixed(1)),
      "backlog done after s": Number((backlogMs / 1000).toFixed(1)),
      goal: "broken, lost, doubled, dead, crashes 0; healthy <= 15",
    };
    const bad =
      row.broken + row["webhooks lost"] + row["webhooks doubled"] + row["files lost"] + row["files doubled"] + row["dead letters"];
    const enough = told.length >= 2 * answers.length && JSON.stringify(running.pids) === JSON.stringify(platform.pids);
    if (bad) say(platform.output().slice(-3_000));
    return { row, fit: bad === 0 && row.crashes === 0 && row["healthy after s"] <= 15 && enough };
  } finally {
    if (how === "frozen") redis.freeze(false);
    await stage.stop();
    await redis.stop();
    receiver.close();
  }
}

await ensureBuilt();
const rows: object[] = [];
let fit = true;
for (const how of values.how.split(",") as How[]) {
  const one = await outage(how);
  rows.push(one.row);
  fit &&= one.fit;
}
figures("outage", rows);
process.exit(fit ? 0 : 1);
