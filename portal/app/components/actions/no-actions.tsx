import type { ReactNode } from "react";
import { useText } from "~/i18n/text";
import { ButtonLink } from "../button";
import { ActionDrawing } from "../drawings";
import { Card, EmptyState } from "../page";
import { exampleDraft } from "./example";

/** Teaches what an action is, by one. */
export function NoActions({ create, mayChange }: { create: ReactNode; mayChange: boolean }) {
  const t = useText();
  const words = t.actions;
  const { method, url } = exampleDraft(t);
  return (
    <Card as="div">
      <EmptyState drawing={<ActionDrawing />} title={words.emptyTitle} action={create}>
        {words.emptyText}
      </EmptyState>
      <figure aria-label={words.exampleLabel} className="mx-auto mb-10 max-w-lg space-y-2 px-4">
        <p className="ml-auto w-fit rounded-xl bg-accent px-3.5 py-2 text-on-accent">{words.exampleQuestion}</p>
        <p className="w-fit max-w-full truncate rounded-md border border-line bg-sunken px-3 py-1.5 font-mono text-xs">
          {method} {url.replace("{order}", "A-7")}
        </p>
        <p className="w-fit rounded-xl bg-hover px-3.5 py-2">{words.exampleAnswer}</p>
        {mayChange && (
          <p className="pt-2 text-center">
            <ButtonLink to="new-action?example" size="sm" look="ghost">
              {words.startExample}
            </ButtonLink>
          </p>
        )}
      </figure>
    </Card>
  );
}
