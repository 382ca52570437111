import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  call,
  openSession,
  question,
  readAnswer,
  type SeededAgent,
  SHOP,
  seedAgent,
  startTestPortal,
  type TestPortal,
} from "./test-portal.ts";

const WARRANTY =
  "All bottles come with a ten-year warranty. The warranty covers leaks and broken lids, e.g. a cracked thread. It does not cover dents.";
const DELIVERY =
  "Доставка по Москве занимает один-два дня и стоит 350 руб. При заказе от 5000 руб. доставка бесплатна. Курьер звонит за час.";

let portal: TestPortal;
let agent: SeededAgent;
beforeAll(async () => {
  portal = await startTestPortal();
  agent = await seedAgent(portal.backend, {
    settings: { instructions: "SECRET INSTRUCTIONS", texts: { en: { greeting: "Hi!", prompts: ["Warranty?"] }, ru: {} } },
    passages: [
      { title: "Warranty.md", body: WARRANTY, headings: ["Service", "Warranty"], start: 120 },
      { title: "Доставка", body: DELIVERY, url: "https://shop.example/delivery#top" },
    ],
  });
});
afterAll(() => portal.close());

const ask = async (text: string) => {
  const session = await openSession(portal, agent);
  return readAnswer(await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, { body: question(text) }));
};

describe("a visitor's question", () => {
  it("streams the quoted sentence with an exact citation, and the conversation can be read again", async () => {
    const session = await openSession(portal, agent, { locale: "en-GB" });
    const id = "conversation-1";
    const response = await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, {
      body: question("What does the warranty cover?", { id }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(response.headers.get("x-vercel-ai-ui-message-stream")).toBe("v1");
    expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    expect(response.headers.get("access-control-allow-origin")).toBe(SHOP);
    expect(response.headers.get("set-cookie")).toBeNull();

    const answer = await readAnswer(response);
    expect(answer.done).toBe(true);
    expect(answer.text).toContain("The warranty covers leaks and broken lids, e.g. a cracked thread. [");
    expect(answer.events.at(0)?.type).toBe("start");
    expect(answer.events.at(-1)).toEqual({ type: "finish", finishReason: "stop" });
    expect(answer.events.map(({ type }) => type)).not.toContain("data-usage");
    expect(answer.grounding).toEqual({ supported: true, responder: "quotes" });
    const runId = answer.start?.messageMetadata?.runId;
    expect(answer.received.map(({ id }) => id)).toEqual(expect.arrayContaining([`${runId}:1`, `${runId}:2`]));
    for (const citation of answer.citations) {
      expect(WARRANTY.slice(citation.start - 120, citation.end - 120)).toBe(citation.quote);
      expect(citation.title).toBe("Warranty.md");
      expect(citation.headings).toEqual(["Service", "Warranty"]);
      expect(answer.text).toContain(`[${citation.index}]`);
    }
    expect(answer.citations.length).toBeGreaterThan(0);

    const messageId = answer.start?.messageId;
    const conversation = await (await call(portal, `/api/v1/conversations/${id}`, session.token)).json();
    expect(conversation).toMatchObject({ id, title: "What does the warranty cover?", running: false });
    expect(conversation.messages).toHaveLength(2);
    expect(conversation.messages[0]).toMatchObject({ role: "user", parts: [{ type: "text", text: "What does the warranty cover?" }] });
    expect(conversation.messages[1]).toMatchObject({ id: messageId, role: "assistant", metadata: { status: "complete", author: "agent" } });
    expect(conversation.messages[1].parts.find((part: { type: string }) => part.type === "text").text).toBe(answer.text);

    const cited = await (await call(portal, `/api/v1/messages/${messageId}/citations/1`, session.token)).json();
    expect(cited.passage.slice(cited.quoteStart, cited.quoteStart + cited.quote.length)).toBe(cited.quote);

    const rated = await call(portal, `/api/v1/messages/${messageId}/feedback`, session.token, {
      body: { rating: "up", comment: "helpful" },
    });
    expect(rated.status).toBe(204);
    const exported = await call(portal, `/api/v1/conversations/${id}/export`, session.token);
    expect(exported.headers.get("content-disposition")).toContain("attachment");
    expect((await exported.json()).messages[1].metadata.rating).toBe("up");

    const again = await openSession(portal, agent, { visitorToken: session.token });
    expect(again.visitorId).toBe(session.visitorId);
    expect(again.conversations).toMatchObject([{ id, title: "What does the warranty cover?" }]);

    expect((await call(portal, `/api/v1/conversations/${id}`, session.token, { method: "DELETE" })).status).toBe(204);
    expect((await call(portal, `/api/v1/conversations/${id}`, session.token)).status).toBe(404);
  });

  it("is answered in Russian, with a link that scrolls to the quote", async () => {
    const answer = await ask("Сколько стоит доставка по Москве?");
    expect(answer.text).toMatch(/^Вот что говорится в документах:/);
    expect(answer.text).toContain("Доставка по Москве занимает один-два дня и стоит 350 руб. [1]");
    expect(answer.citations[0]?.url).toMatch(/^https:\/\/shop\.example\/delivery#:~:text=/);
    expect(answer.events).toContainEqual(expect.objectContaining({ type: "source-url", title: "Доставка" }));
  });

  it("is understood with what was asked before, and begins something new where it names it", async () => {
    const session = await openSession(portal, agent);
    const next = async (text: string) => {
      const body = question(text, { id: "leaning" });
      return (await readAnswer(await call(portal, `/api/v1/agents/${agent.publicId}/chat`, session.token, { body }))).text;
    };
    expect(await next("Сколько стоит доставка по Москве?")).toContain("стоит 350 руб.");
    const free = await next("А бесплатно?");
    expect(free).toContain("При заказе от 5000 руб. доставка бесплатна. [");
    expect(free).not.toContain("350");
    const warranty = await next("The warranty?");
    expect(warranty).toContain("ten-year warranty");
    expect(warranty).not.toMatch(/\p{Script=Cyrillic}/u);
  });

  it.each([
    ["Do you sell bicycles in Argentina?", /couldn't find an answer/],
    ["Какая столица у Аргентины?", /ответа на этот вопрос не нашлось/],
  ])("without an answer in the knowledge is told so, and kept: %s", async (text, words) => {
    const answer = await ask(text);
    expect(answer.text).toMatch(words);
    expect(answer.citations).toEqual([]);
    expect(answer.grounding).toEqual({ supported: false, responder: "quotes" });
    const { rows } = await portal.backend.db.query(
      "select r.outcome from unanswered u join runs r on r.id = u.run_id where u.question = $1",
      [text],
    );
    expect(rows).toEqual([{ outcome: "unanswered" }]);
  });

  it.each([["hi"], ["Спасибо!"]])("that is only a pleasantry gets one back: %s", async (text) => {
    const answer = await ask(text);
    expect(answer.grounding).toEqual({ supported: true, responder: "quotes" });
    expect(answer.citations).toEqual([]);
  });
});

describe("GET config", () => {
  it("B7: has exactly the public keys", async () => {
    const response = await fetch(`${portal.url}/api/v1/agents/${agent.publicId}/config`, { headers: { origin: SHOP } });
    expect(response.headers.get("cache-control")).toBe("public, max-age=60");
    expect(response.headers.get("vary")).toContain("Origin");
    const body = await response.text();
    expect(Object.keys(JSON.parse(body)).sort()).toEqual([
      "avatar",
      "handoff",
      "id",
      "lead",
      "name",
      "position",
      "primaryColor",
      "privacyUrl",
      "status",
      "texts",
      "theme",
    ]);
    expect(JSON.parse(body).texts.en).toEqual({ greeting: "Hi!", prompts: ["Warranty?"] });
    for (const secret of ["SECRET INSTRUCTIONS", agent.agentId, agent.orgId, SHOP, "model", "temperature"])
      expect(body).not.toContain(secret);
  });
});
