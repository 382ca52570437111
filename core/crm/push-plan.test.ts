import { describe, expect, test } from "vitest";
import type { CrmContact, CrmId } from "./crm.ts";
import { CRM_IDS } from "./crm.ts";
import { CONFLICT_RULES, type CrmSettings, DEFAULT_CRM_SETTINGS, type FieldMapping } from "./crm-settings.ts";
import { defaultFields } from "./default-fields.ts";
import type { PushFacts } from "./push-facts.ts";
import { keysToKeep, keysToRead, planPush } from "./push-plan.ts";

const appUrl = "https://portal.example/";
const url = "https://portal.example/orgs/acme/conversations/0198c0de-0000-7000-8000-000000000001";
const factsOf = (more: Partial<PushFacts> = {}): PushFacts => ({
  orgSlug: "acme",
  agentName: "Helper",
  conversation: {
    id: "0198c0de-0000-7000-8000-000000000001",
    title: "How much is delivery?",
    locale: "en",
    pageUrl: "https://shop.example/cart",
    summary: null,
    startedAt: "2026-11-26T10:00:00Z",
  },
  visitor: { id: "0198c0de-0000-7000-8000-000000000002", firstSeenAt: "2026-11-20T10:00:00Z", verified: null },
  leads: [{ name: "Anna Petrova", email: "anna@example.com", phone: "+79161234567", message: "Call me" }],
  handoff: null,
  unanswered: ["Do you ship to Mars?"],
  messages: [
    { author: "visitor", text: "How much is delivery?", at: "2026-11-26T10:00:00Z" },
    { author: "agent", text: "300 roubles [1].", at: "2026-11-26T10:00:05Z" },
    { author: "visitor", text: "Do you ship to Mars?", at: "2026-11-26T10:01:00Z" },
  ],
  messageCount: 3,
  ...more,
});
const verified = { externalId: "u-1", email: "anna@example.com", phone: "+79161234567", name: "Anna Petrova" };
const line = (more: Partial<FieldMapping>): FieldMapping => ({
  object: "contact",
  ours: "email",
  theirs: "email",
  label: "Email",
  direction: "out",
  agentMayRead: false,
  ...more,
});
const settingsOf = (more: Partial<CrmSettings> = {}): CrmSettings => ({ ...DEFAULT_CRM_SETTINGS, ...more });
const plan = (facts: PushFacts, settings = settingsOf(), existing: CrmContact | null = null, crm: CrmId = "hubspot") =>
  planPush(facts, { crm, settings, appUrl }, existing);
const contactOf = (more: Partial<CrmContact> = {}): CrmContact => ({
  externalId: "77",
  name: "Anna P.",
  email: "anna@example.com",
  phone: "8 (916) 123-45-67",
  fields: {},
  updatedAt: "2026-11-01T00:00:00Z",
  url: null,
  ...more,
});
const outcomes = (facts: PushFacts, settings: CrmSettings, existing: CrmContact | null) =>
  Object.fromEntries(plan(facts, settings, existing).contact!.lines.map(({ theirs, outcome }) => [theirs, outcome]));

describe("a plan", () => {
  test("writes nothing about somebody of whom nothing is known", () => {
    expect(plan(factsOf({ leads: [] }))).toEqual({ find: [], contact: null, deal: null, notes: [] });
    expect(plan(factsOf({ leads: [], visitor: null })).contact).toBeNull();
  });

  test.each(CRM_IDS)("makes a new contact of a lead by %s's own keys, without any map", (crm) => {
    const { find, contact } = plan(factsOf(), settingsOf(), null, crm);
    expect(find).toEqual([{ email: "anna@example.com", phone: "+79161234567", externalId: null }]);
    expect(contact).toMatchObject({ action: "create", externalId: null });
    expect(Object.values(contact!.fields).sort().join(" ")).toMatch(/\+79161234567.*Anna.*anna@example.com/);
    const bare = plan(factsOf({ leads: [{ name: null, email: "a@b.example", phone: null, message: null }] }), settingsOf(), null, crm);
    expect(Object.values(bare.contact!.fields)).toEqual(["a@b.example", "a@b.example"]);
  });

  test("looks for what a token vouches for before what was typed", () => {
    const facts = factsOf({
      visitor: {
        id: "0198c0de-0000-7000-8000-000000000002",
        firstSeenAt: "2026-11-20T10:00:00Z",
        verified: { ...verified, email: "real@example.com", phone: null },
      },
    });
    expect(plan(facts).find).toEqual([
      { email: "real@example.com", phone: null, externalId: "u-1" },
      { email: "anna@example.com", phone: "+79161234567", externalId: null },
    ]);
    expect(plan(facts).contact!.fields).toMatchObject({ email: "real@example.com", phone: "+79161234567" });
  });

  test("leaves a contact that is there as it is where nothing is mapped", () => {
    expect(plan(factsOf(), settingsOf(), contactOf()).contact).toMatchObject({ action: "update", externalId: "77", fields: {} });
  });

  test.each(CONFLICT_RULES)("what was merely typed never replaces who somebody is, with the rule %s", (conflict) => {
    const settings = settingsOf({ conflict, fields: [...defaultFields("hubspot"), line({ ours: "lead_message", theirs: "note" })] });
    const facts = factsOf({ leads: [{ name: "Eve Evil", email: "eve@evil.example", phone: "+19995550000", message: "Hi" }] });
    const fields = { firstname: "Anna", lastname: "P.", note: "Old" };
    expect(outcomes(facts, settings, contactOf({ fields }))).toEqual({
      firstname: "typed_only",
      lastname: "typed_only",
      email: "typed_only",
      phone: "typed_only",
      note: conflict === "ours" ? "write" : "theirs_stays",
    });
  });

  test("the conflict rule decides on what is vouched for; the same however written is the same; what we don't know erases nothing", () => {
    const fields = [
      ...defaultFields("hubspot"),
      line({ ours: "locale", theirs: "lang" }),
      line({ ours: "page_url", theirs: "page", direction: "both" }),
    ];
    const facts = factsOf({
      leads: [],
      visitor: { id: "0198c0de-0000-7000-8000-000000000002", firstSeenAt: "2026-11-20T10:00:00Z", verified: { ...verified, name: null } },
      conversation: { ...factsOf().conversation, locale: null },
    });
    const existing = contactOf({ email: "old@example.com", fields: { firstname: "Anna", lang: "ru" } });
    const of = (conflict: CrmSettings["conflict"]) => outcomes(facts, settingsOf({ conflict, fields }), existing);
    const same = { firstname: "nothing", lastname: "nothing", phone: "same", lang: "nothing" };
    expect(of("ours")).toEqual({ ...same, email: "write", page: "write" });
    expect(of("fill_empty")).toEqual({ ...same, email: "theirs_stays", page: "write" });
    expect(of("theirs")).toEqual({ ...same, email: "theirs_stays", page: "theirs_stays" });
  });

  test("what only comes in is never written", () => {
    const settings = settingsOf({ fields: [line({ ours: null, theirs: "plan", direction: "in" })] });
    expect(plan(factsOf(), settings).contact!.fields).not.toHaveProperty("plan");
    expect(keysToKeep(settings)).toEqual(["plan"]);
    expect(keysToRead("hubspot", settings)).toEqual(["plan", "firstname", "lastname", "email", "phone"]);
  });

  test("notes and deal hold marks that tell them apart", () => {
    const settings = settingsOf({ write: { deal: true, summaryNote: true, transcriptNote: true, tags: ["site"] } });
    const { deal, notes, contact } = plan(factsOf(), settings);
    expect(deal).toMatchObject({ title: `How much is delivery? · ${url}`, mark: url, tags: ["site"] });
    expect(contact!.tags).toEqual(["site"]);
    expect(notes.map(({ object, mark }) => [object, mark])).toEqual([
      ["summary", `${url}#summary`],
      ["transcript", `${url}#transcript`],
    ]);
    for (const { text, mark } of notes) expect(text.split(mark)).toHaveLength(2);
    expect(notes[0]!.text).toContain("Not answered from the knowledge:\n• Do you ship to Mars?");
    expect(notes[1]!.text).toContain("Assistant:\n300 roubles.");
  });

  test.each(CRM_IDS)("a long conversation is cut to what %s takes, the newest and the mark stay", (crm) => {
    const settings = settingsOf({ write: { deal: true, summaryNote: true, transcriptNote: true, tags: [] } });
    const messages = Array.from({ length: 400 }, (_, n) => ({
      author: "visitor" as const,
      text: `Вопрос ${n} ${"я".repeat(2_000)}`,
      at: "2026-11-26T10:00:00Z",
    }));
    const facts = factsOf({ messages, messageCount: 900, conversation: { ...factsOf().conversation, title: "я".repeat(200) } });
    const { notes, deal } = plan(facts, settings, null, crm);
    for (const { text, mark } of notes) {
      expect(text.length).toBeLessThanOrEqual(60_000);
      expect(text.endsWith(mark)).toBe(true);
    }
    expect(notes[1]!.text).toContain("Вопрос 399");
    expect(notes[1]!.text).toMatch(/предыдущих сообщений: 8\d\d/);
    expect(deal!.title.length).toBeLessThanOrEqual(255);
    expect(deal!.title.endsWith(url)).toBe(true);
    const one = plan({ ...facts, messages: [{ ...messages[0]!, text: "я".repeat(90_000) }], messageCount: 1 }, settings, null, crm);
    expect(one.notes[1]!.text.length).toBeLessThanOrEqual(60_000);
    expect(one.notes[1]!.text.endsWith("#transcript")).toBe(true);
  });
});
