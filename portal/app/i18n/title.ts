import type { MetaFunction } from "@remix-run/node";
import { type Dictionary, en } from "./en";
import { ru } from "./ru";

type MetaArguments = Parameters<MetaFunction>[0];

/** A route's meta: its title in the page's language, with the product's name behind it. */
export function titled(title: (t: Dictionary, data: unknown) => string): MetaFunction {
  return ({ matches, data, error }: MetaArguments) => {
    const root = matches.find(({ id }) => id === "root")?.data as { locale?: "en" | "ru" } | undefined;
    const t = root?.locale === "ru" ? ru : en;
    return [
      { title: `${error ? t.pageErrors.notFoundTitle : title(t, data)} · ${t.product}` },
      { name: "description", content: t.meta.description },
    ];
  };
}
