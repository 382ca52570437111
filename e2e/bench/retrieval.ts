// How well and how fast the right passage is found: every XQuAD paragraph its own chunk, every question asked through the real
// search_chunks on the embedded backend. `npm run bench:retrieval -- --data <folder with xquad.en.json and xquad.ru.json>`
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { serviceDb } from "../../core/db.ts";
import { retrieve } from "../../portal/app/chat/retrieve.ts";
import { startTestBackend } from "../../supabase/embedded/test-backend.ts";
import { figures, percentile } from "./figures.ts";

type Paragraph = { context: string; qas: { question: string }[] };
type XQuad = { data: { title: string; paragraphs: Paragraph[] }[] };

/** What plain ts_rank reaches, per language: the floor. */
const FLOOR = { en: { hit1: 0.917, hit5: 0.98 }, ru: { hit1: 0.889, hit5: 0.979 } } as const;

const { values } = parseArgs({ options: { data: { type: "string" } } });
if (!values.data) {
  console.error("Say where the XQuAD files are: npm run bench:retrieval -- --data <folder>");
  process.exit(2);
}

const backend = await startTestBackend();
const db = serviceDb({ url: backend.url, publishableKey: backend.publishableKey, secretKey: backend.secretKey });
const one = async (sql: string, ...values: unknown[]) => (await backend.db.query<{ id: string }>(sql, values)).rows[0]!.id;
const never = new AbortController().signal;

async function measure(language: keyof typeof FLOOR) {
  const { data }: XQuad = JSON.parse(readFileSync(join(values.data!, `xquad.${language}.json`), "utf8"));
  const paragraphs = data.flatMap((article) => article.paragraphs);
  const orgId = await one("insert into organizations (name, slug) values ('Bench', $1) returning id", `bench-${language}`);
  const agentId = await one("insert into agents (org_id, name) values ($1, 'Bench') returning id", orgId);
  const source = await one(
    "insert into sources (org_id, agent_id, kind, title, status) values ($1, $2, 'file', '-', 'ready') returning id",
    orgId,
    agentId,
  );
  const version = await one(
    "insert into source_versions (org_id, source_id, content_hash) values ($1, $2, 'h') returning id",
    orgId,
    source,
  );
  await backend.db.query("update sources set current_version_id = $1 where id = $2", [version, source]);
  const chunks = paragraphs.map(({ context }, position) => ({
    position,
    headingPath: [],
    page: null,
    charStart: 0,
    charEnd: context.length,
    body: context,
    language,
    contentHash: String(position),
  }));
  await backend.db.query("select add_chunks($1, $2)", [version, JSON.stringify(chunks)]);

  const times: number[] = [];
  const places: number[] = [];
  for (const [position, { qas }] of paragraphs.entries()) {
    for (const { question } of qas) {
      const began = performance.now();
      const found = await retrieve(db, { orgId, agentId, text: question, limit: 8 }, never);
      times.push(performance.now() - began);
      places.push(found.findIndex((passage) => passage.chunkHash === String(position)));
    }
  }
  const share = (k: number) => places.filter((place) => place >= 0 && place < k).length / places.length;
  const mrr = places.reduce((total, place) => total + (place >= 0 ? 1 / (place + 1) : 0), 0) / places.length;
  return {
    language,
    paragraphs: paragraphs.length,
    questions: places.length,
    hit1: Number(share(1).toFixed(3)),
    hit5: Number(share(5).toFixed(3)),
    mrr: Number(mrr.toFixed(3)),
    p50ms: percentile(times, 50),
    p95ms: percentile(times, 95),
  };
}

const rows = [await measure("en"), await measure("ru")];
await backend.close();
figures("retrieval", rows);
const low = rows.filter(({ language, hit1, hit5 }) => hit1 < FLOOR[language].hit1 || hit5 < FLOOR[language].hit5);
for (const { language } of low)
  console.error(
    `Below the floor in ${language}: hit@1 ${FLOOR[language].hit1}, hit@5 ${FLOOR[language].hit5} is what plain ts_rank gives.`,
  );
process.exit(low.length > 0 ? 1 : 0);
