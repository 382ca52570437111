// `npm run bench:sizes`: how many bytes a passage, a vector and an answer take in the database, indexes included. Rows like those that reading and answering
// write, put in by SQL; what is asked is the size of their tables before and after. Feeds the cost model of docs/SCALING.md (scripts/costs.mjs).
import { startTestBackend } from "../../supabase/embedded/test-backend.ts";

const CHUNKS = 4_000;
const ANSWERS = 2_000;
const WORDS =
  "доставка заказ возврат оплата покупатель гарантия неделя магазин delivery order return payment customer warranty week shop".split(" ");
const backend = await startTestBackend();
/** Some Russian and English words, `count` of them, other ones in each row. */
const words = (count: number) =>
  `(select string_agg((array['${WORDS.join("','")}'])[1 + abs(hashint4(n * 7919 + k)) % ${WORDS.length}] || case when k % 5 = 0 then (n * k)::text else '' end, ' ') from generate_series(1, ${count}) k)`;
const size = async (tables: string[]) =>
  Number(
    (
      await backend.db.query<{ n: string }>(`select sum(pg_total_relation_size(t::regclass))::text as n from unnest($1::text[]) t`, [
        tables,
      ])
    ).rows[0]?.n,
  );
async function grown(tables: string[], sql: string): Promise<number> {
  const before = await size(tables);
  await backend.db.exec(`begin; set local session_replication_role = replica; ${sql}; commit`);
  return (await size(tables)) - before;
}
const id = "gen_random_uuid()";
const ORG = "'00000000-0000-4000-8000-000000000001'::uuid";

const chunk = await grown(
  ["public.chunks"],
  `insert into public.chunks (org_id, agent_id, source_id, source_version_id, position, heading_path, char_start, char_end, body, language, content_hash, search)
   select ${ORG}, ${ORG}, ${ORG}, ${id}, n, array['Handbook', 'Delivery and returns'], 0, 900, t.body, 'ru', md5(t.body) || md5(t.body), private.to_search_vector(t.body)
   from generate_series(1, ${CHUNKS}) n, lateral ${words(110)} t (body)`,
);
const vector = await grown(
  ["public.embeddings"],
  `insert into public.embeddings (chunk_id, org_id, agent_id, model, dims, embedding)
   select ${id}, ${ORG}, ${ORG}, 'text-embedding-3-small', 1536, (select array_agg(random() * 2 - 1 + 0.0 * n * k) from generate_series(1, 1536) k)::float8[]::extensions.vector from generate_series(1, ${CHUNKS / 4}) n`,
);
const answer = await grown(
  ["public.messages", "public.runs", "public.run_passages", "public.citations", "public.conversations", "public.visitors"],
  `insert into public.visitors (org_id, agent_id, locale) select ${ORG}, ${ORG}, 'ru' from generate_series(1, ${Math.round(ANSWERS / 3)});
   insert into public.conversations (org_id, agent_id, visitor_id, client_id, locale, page_url, message_count)
     select ${ORG}, ${ORG}, ${id}, ${id}::text, 'ru', 'https://shop.example/catalogue/' || n, 6 from generate_series(1, ${Math.round(ANSWERS / 3)}) n;
   insert into public.messages (org_id, conversation_id, author, body, parts, client_id)
     select ${ORG}, ${id}, 'visitor', t.body, jsonb_build_array(jsonb_build_object('type', 'text', 'text', t.body)), ${id}::text from generate_series(1, ${ANSWERS}) n, lateral ${words(9)} t (body);
   insert into public.messages (org_id, conversation_id, author, body, parts)
     select ${ORG}, ${id}, 'agent', t.body, jsonb_build_array(jsonb_build_object('type', 'text', 'text', t.body)) from generate_series(1, ${ANSWERS}) n, lateral ${words(80)} t (body);
   insert into public.runs (org_id, agent_id, agent_version_id, conversation_id, message_id, status, outcome, responder, model, provider, prompt_hash, search_text, prompt_tokens, completion_tokens, total_ms, finished_at)
     select ${ORG}, ${ORG}, ${ORG}, ${id}, ${id}, 'finished', 'answered', 'model', 'openai/gpt-5-mini', 'openrouter', md5('x') || md5('y'), t.body, 1600, 180, 9000, now() from generate_series(1, ${ANSWERS}) n, lateral ${words(9)} t (body);
   insert into public.run_passages (run_id, org_id, position, chunk_id, chunk_hash, score, source_id, title, excerpt)
     select r.id, ${ORG}, n, ${id}, md5(n::text) || md5(n::text), 0.5, ${ORG}, 'Handbook.pdf', left(t.body, 240) from public.runs r, generate_series(1, 6) n, lateral ${words(30)} t (body);
   insert into public.citations (message_id, org_id, index, source_id, chunk_id, title, quote, passage, char_start, char_end)
     select r.message_id, ${ORG}, n, ${ORG}, ${id}, 'Handbook.pdf', left(t.body, 120), t.body, 0, 120 from public.runs r, generate_series(1, 2) n, lateral ${words(110)} t (body)`,
);
const result = {
  bytesOfPassage: Math.round(chunk / CHUNKS),
  bytesOfVector1536: Math.round(vector / (CHUNKS / 4)),
  bytesOfAnswer: Math.round(answer / ANSWERS),
};
console.table(result);
console.log(JSON.stringify({ bench: "sizes", ...result }));
await backend.close();
process.exit(0);
