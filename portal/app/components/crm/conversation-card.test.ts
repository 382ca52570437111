import { parseHTML } from "linkedom";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { LocaleProvider } from "~/i18n/text";
import type { InCrm } from "~/models/crm-sync.server";
import { PAYLOADS } from "../../../../e2e/fakes/payloads.ts";
import { ConversationCard } from "./conversation-card.tsx";

const inCrm = (payload: string): InCrm => ({
  connectionId: "0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b",
  crm: "hubspot",
  cloud: "global",
  name: payload,
  push: { status: "failed", error_code: payload, asked_at: "2026-11-24T08:12:44Z", ended_at: null },
  links: [
    { object: "contact", url: payload, pushedAt: null },
    { object: "deal", url: "https://app.hubspot.com/contacts/1", pushedAt: null },
  ],
  known: {
    connectionId: "0199e2a5-01b9-7e21-8a3b-7c6d5e4f3a2b",
    name: payload,
    email: payload,
    phone: payload,
    url: payload,
    fields: [{ label: payload, value: payload, agentMayRead: true }],
  } as InCrm["known"],
});
const show = (payload: string, locale: "en" | "ru") =>
  renderToStaticMarkup(createElement(LocaleProvider, { value: locale }, createElement(ConversationCard, { crms: [inCrm(payload)] })));
/** Every element of the card, when what it shows is harmless. */
const shape = (html: string) => [...parseHTML(html).document.querySelectorAll("*")].map(({ localName }) => localName);

// What a CRM holds was written by strangers as well as by the company.
const HREFS = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
];
test.each([...PAYLOADS, ...HREFS])("T47: %j in a CRM is text in the card, and no address", (payload) => {
  for (const locale of ["en", "ru"] as const) {
    const { document } = parseHTML(show(payload, locale));
    const plain = shape(show("plain", locale)).filter((name) => name !== "a");
    expect(shape(document.toString()).filter((name) => name !== "a")).toEqual(plain);
    expect(document.querySelector("dd")?.textContent).toBe(payload);
    for (const element of document.querySelectorAll("*"))
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$|^srcdoc$/);
        if (name === "href") expect(value).toMatch(/^(https?|mailto):/);
      }
    expect(document.querySelectorAll("a:not([rel~=noopener])")).toHaveLength(0);
  }
});
