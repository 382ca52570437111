import { readFile } from "node:fs/promises";
import { LOCALES } from "@gpt-agent/core/locales";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { copy } from "./copy.ts";
import { DemoPage } from "./page.tsx";

const demo = new URL("../../../supabase/embedded/demo/", import.meta.url);
const read = (path: string) => readFile(new URL(path, demo), "utf8");

/** Every string in a tree of copy. */
const strings = (value: unknown): string[] => (typeof value === "string" ? [value] : Object.values(value as object).flatMap(strings));
/** Amounts of money and spans of time, without the spaces and commas that typography adds. */
const amounts = (text: string) => text.replace(/[\s,]/g, "").match(/€\d+|\d+€|\d+₽|\d\d:\d\d/g) ?? [];

describe("the demo page", () => {
  for (const locale of LOCALES) {
    test(`names only prices and hours that the handbook names (${locale})`, async () => {
      const documents = await Promise.all([
        read(`knowledge/delivery-and-returns.${locale}.md`),
        read(`source/product-handbook.${locale}.md`),
        read(`source/owners-guide.${locale}.md`),
      ]);
      const known = new Set(documents.flatMap(amounts));
      const named = strings(copy[locale]).flatMap(amounts);
      expect(named.length).toBeGreaterThan(12);
      expect(named.filter((amount) => !known.has(amount))).toEqual([]);
    });

    test(`is a page in ${locale} with the agent on it and a nonce on what runs`, () => {
      const html = renderToStaticMarkup(<DemoPage locale={locale} nonce="n0nce" styles="" />);
      expect(html).toMatch(new RegExp(`^<html lang="${locale}">`));
      expect(html).toContain(`<gpt-agent agent-id="demo" locale="${locale}"></gpt-agent>`);
      expect(html).toContain('<script src="/widget.js" async="" nonce="n0nce">');
      expect(html.match(/<script(?![^>]*nonce=)/g)).toBeNull();
    });
  }
});
