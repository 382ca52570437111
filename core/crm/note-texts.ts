import { localeOfText, pickLocale } from "../locales.ts";
import type { CrmId } from "./crm.ts";
import { conversationUrl, type PushFacts } from "./push-facts.ts";

/** How long a note may get, in characters: below what each CRM takes (HubSpot 65,536, Salesforce 32,000 …). */
const MAX_NOTE: Record<CrmId, number> = { hubspot: 60_000, salesforce: 30_000, pipedrive: 60_000, amocrm: 15_000, bitrix24: 30_000 };
const MAX_QUESTIONS = 12;
const MAX_LINE = 300;

const WORDS = {
  en: {
    title: (agent: string) => `Conversation with ${agent}`,
    contact: "Left in the chat (not verified)",
    verified: "Signed in on the site as",
    name: "Name",
    email: "Email",
    phone: "Phone",
    message: "Message",
    handoff: "Asked for a person",
    soFar: "In short",
    questions: "Asked",
    unanswered: "Not answered from the knowledge",
    page: "Page",
    link: "The whole conversation",
    transcript: "Transcript",
    earlier: (count: number) => `… ${count} earlier messages: see the link`,
    authors: { visitor: "Visitor", agent: "Assistant", operator: "Operator" },
    deal: (agent: string) => `Enquiry to ${agent}`,
  },
  ru: {
    title: (agent: string) => `Разговор с «${agent}»`,
    contact: "Оставлено в чате (не проверено)",
    verified: "Вход на сайте выполнен как",
    name: "Имя",
    email: "Почта",
    phone: "Телефон",
    message: "Сообщение",
    handoff: "Просьба позвать человека",
    soFar: "Коротко",
    questions: "Вопросы",
    unanswered: "В базе знаний ответа не нашлось",
    page: "Страница",
    link: "Весь разговор",
    transcript: "Стенограмма",
    earlier: (count: number) => `… предыдущих сообщений: ${count}, они по ссылке`,
    authors: { visitor: "Посетитель", agent: "Ассистент", operator: "Оператор" },
    deal: (agent: string) => `Обращение к «${agent}»`,
  },
};

const wordsFor = (facts: PushFacts) => {
  const said = facts.messages.filter(({ author }) => author === "visitor").map(({ text }) => text);
  // A sample is enough: the letters of a long conversation take long to count.
  return WORDS[localeOfText(said.slice(-20).join(" ").slice(-2_000), pickLocale(facts.conversation.locale))];
};

/** One line, shortened after so many characters. */
const oneLine = (text: string, most = MAX_LINE) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
};

/** The text of an answer without the numbers of its citations, which mean nothing elsewhere. */
const said = ({ author, text }: PushFacts["messages"][number]) =>
  (author === "agent" ? text.replace(/[ \t]?\[\d{1,3}\]/g, "") : text).replaceAll("\u0000", "").trim();

/** By what a conversation's records are found again: a link that only one of them holds. */
export const markOf = (facts: PushFacts, appUrl: string, object: "deal" | "summary" | "transcript"): string => {
  const url = conversationUrl(appUrl, facts.orgSlug, facts.conversation.id);
  return object === "deal" ? url : `${url}#${object}`;
};

/**
 * A conversation in short, as plain text: who it was, what they wanted, what stayed open. Made of what is there, without a model; the
 * summary that was made for the model comes along where there is one.
 * @returns at most the CRM's length of a note, ending with the mark
 */
export function summaryText(facts: PushFacts, { appUrl, crm }: { appUrl: string; crm: CrmId }): string {
  const words = wordsFor(facts);
  const lines = [`${words.title(facts.agentName)}${facts.conversation.title ? `: ${oneLine(facts.conversation.title)}` : ""}`];
  const verified = facts.visitor?.verified;
  if (verified)
    lines.push(
      `${words.verified}: ${oneLine([verified.name, verified.email, verified.phone, verified.externalId].filter(Boolean).join(", "))}`,
    );
  for (const lead of facts.leads.slice(0, 3)) {
    lines.push("", `${words.contact}:`);
    for (const key of ["name", "email", "phone", "message"] as const)
      if (lead[key]) lines.push(`${words[key]}: ${oneLine(lead[key], key === "message" ? 2_000 : MAX_LINE)}`);
  }
  if (facts.handoff) lines.push("", facts.handoff.reason ? `${words.handoff}: ${oneLine(facts.handoff.reason, 500)}` : words.handoff);
  if (facts.conversation.summary) lines.push("", `${words.soFar}: ${oneLine(facts.conversation.summary, 2_400)}`);
  const questions = facts.messages.filter(({ author }) => author === "visitor").slice(-MAX_QUESTIONS);
  const list = (heading: string, items: string[]) => items.length && lines.push("", `${heading}:`, ...items.map((item) => `• ${item}`));
  list(
    words.questions,
    questions.map(({ text }) => oneLine(text)),
  );
  list(
    words.unanswered,
    facts.unanswered.slice(0, MAX_QUESTIONS).map((question) => oneLine(question)),
  );
  if (facts.conversation.pageUrl) lines.push("", `${words.page}: ${oneLine(facts.conversation.pageUrl, 500)}`);
  return ending(lines.join("\n"), `\n${words.link}: ${markOf(facts, appUrl, "summary")}`, MAX_NOTE[crm]);
}

/**
 * What was said, as plain text: the newest messages that fit.
 * @returns at most the CRM's length of a note, ending with the mark
 */
export function transcriptText(facts: PushFacts, { appUrl, crm }: { appUrl: string; crm: CrmId }): string {
  const words = wordsFor(facts);
  const mark = `\n${words.link}: ${markOf(facts, appUrl, "transcript")}`;
  const head = `${words.transcript}: ${oneLine(facts.conversation.title ?? words.title(facts.agentName))}\n`;
  const kept: string[] = [];
  let left = MAX_NOTE[crm] - mark.length - head.length - 100;
  for (const message of [...facts.messages].reverse()) {
    const block = `\n[${message.at.slice(0, 16).replace("T", " ")} UTC] ${words.authors[message.author]}:\n${said(message)}\n`;
    left -= block.length;
    // The newest message comes along in any case, cut.
    if (left < 0 && kept.length) break;
    kept.unshift(left < 0 ? `${block.slice(0, block.length + left)}…\n` : block);
    if (left < 0) break;
  }
  const missing = facts.messageCount - kept.length;
  return ending(`${head}${missing > 0 ? `\n${words.earlier(missing)}\n` : ""}${kept.join("")}`, mark, MAX_NOTE[crm]);
}

/** Titles are cut here by the strictest CRM. */
const MAX_TITLE = 250;

/** The title of a deal: what it is about, and the link by which it is found again. */
export function dealTitle(facts: PushFacts, appUrl: string): string {
  const mark = markOf(facts, appUrl, "deal");
  const words = wordsFor(facts);
  return `${oneLine(facts.conversation.title ?? words.deal(facts.agentName), Math.max(MAX_TITLE - mark.length - 3, 20))} · ${mark}`;
}

const ending = (text: string, mark: string, most: number) =>
  (text.length + mark.length <= most ? text : `${text.slice(0, most - mark.length - 1)}…`).trimEnd() + mark;
