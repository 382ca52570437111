import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { LocaleProvider } from "~/i18n/text";
import { VisitorFacts } from "./visitor-facts.tsx";

const facts = [
  { label: "Plan", crm: "hubspot", cloud: "global" },
  { label: "Город", crm: "bitrix24", cloud: "ru" },
  { label: "City", crm: "hubspot", cloud: "global" },
  { label: "Plan", crm: "hubspot", cloud: "global" },
  { label: "<img src=x onerror=alert(1)>", crm: "amocrm", cloud: "global" },
];

test.each([
  ["en", ["HubSpot", "Bitrix24", "Kommo"]],
  ["ru", ["HubSpot", "Битрикс24", "Kommo"]],
] as const)("%s: fields stand by their CRM, each once, as text", (locale, crms) => {
  const html = renderToStaticMarkup(createElement(LocaleProvider, { value: locale }, createElement(VisitorFacts, { facts })));
  const items = html.split("<li").slice(1);
  expect(items).toHaveLength(3);
  for (const [at, crm] of crms.entries()) expect(items[at]).toContain(crm);
  expect(items[0]!.match(/>Plan</g)).toHaveLength(1);
  expect(items[0]).toContain(">City<");
  expect(items[1]).toContain(">Город<");
  expect(html).not.toContain("<img");
});
