import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ChatRequest, FakeLlm } from "../../../e2e/fakes/llm.ts";
import { type ModelPortal, startModelPortal } from "./test-model-portal.ts";
import { call, openSession, question, readAnswer, type SeededAgent, seedAgent } from "./test-portal.ts";

let llm: FakeLlm;
let portal: ModelPortal;
let agent: SeededAgent;
beforeAll(async () => {
  portal = await startModelPortal({ LLM_DEFAULT_MODEL: "test/default" });
  llm = portal.llm;
  agent = await seedAgent(portal.backend, { passages: [{ body: "All bottles come with a ten-year warranty." }] });
});
afterAll(() => portal.close());

const asksForSummary = ({ messages }: ChatRequest) => messages[0]!.content!.startsWith("Summarise");
const model = {
  kind: "answer",
  text: (request: ChatRequest) => (asksForSummary(request) ? "Visitor Ada has a dented blue bottle." : "Ten years [1]."),
} as const;

/** Turns that were told before, each of them long. */
async function tellTurns(conversation: string, count: number): Promise<void> {
  await portal.backend.db.query(
    `insert into messages (org_id, conversation_id, author, body, parts, created_at)
     select c.org_id, c.id, case n % 2 when 0 then 'visitor' else 'agent' end, told.text, jsonb_build_array(jsonb_build_object('type', 'text', 'text', told.text)),
       c.created_at + n * interval '1 millisecond'
     from conversations c, generate_series(0, $2::integer - 1) n, lateral (select 'Turn ' || n || ': ' || repeat('blue bottle ', 90) as text) told
     where c.client_id = $1`,
    [conversation, count],
  );
}

it("a long history is summarised once, beside the answer; the next prompt begins from it, and its cost is counted", async () => {
  llm.script(model, model, model, model);
  const session = await openSession(portal, agent);
  const id = randomUUID();
  const ask = async (text: string) =>
    readAnswer(await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, { body: question(text, { id }) }));
  const costOf = async (message: string | undefined) =>
    Number(
      (await portal.backend.db.query<{ cost: string }>("select cost_micros as cost from runs where message_id = $1", [message])).rows[0]
        ?.cost,
    );

  const first = await ask("My name is Ada. How long is the warranty?");
  await portal.backend.db.query("update conversations set created_at = now() - interval '1 hour' where client_id = $1", [id]);
  await tellTurns(id, 40);
  llm.requests.length = 0;
  const long = await ask("And what about dents on it?");
  expect(long.text).toBe("Ten years [1].");
  expect(llm.requests.filter(({ body }) => asksForSummary(body))).toHaveLength(1);
  expect(await costOf(long.start?.messageId)).toBe(2 * (await costOf(first.start?.messageId)));
  const { rows } = await portal.backend.db.query(
    "select summary, summary_until is not null as until from conversations where client_id = $1",
    [id],
  );
  expect(rows).toEqual([{ summary: "Visitor Ada has a dented blue bottle.", until: true }]);

  llm.requests.length = 0;
  await ask("How long is the warranty again?");
  const [next, ...more] = llm.requests;
  expect(more).toEqual([]);
  expect(next?.body.messages[0]?.content).toContain("Visitor Ada has a dented blue bottle.");
  expect(JSON.stringify(next?.body.messages)).not.toContain("Turn 12:");
  expect(JSON.stringify(next?.body.messages)).toContain("Turn 39:");
});
