import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { useText } from "~/i18n/text";
import { Logo } from "./logo";
import { LocaleSwitch, ThemeSwitch } from "./preferences";

/** The frame of the pages before sign-in: the mark, one narrow card, the language and the theme. */
export function AuthPage({ title, lead, children, foot }: { title: ReactNode; lead?: ReactNode; children?: ReactNode; foot?: ReactNode }) {
  const t = useText();
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex items-center justify-between gap-4 px-5 py-4 sm:px-8">
        <Link to="/" className="flex items-center gap-2.5 rounded-md font-semibold">
          <Logo />
          <span>{t.product}</span>
        </Link>
        <div className="flex items-center gap-2">
          <LocaleSwitch />
          <ThemeSwitch />
        </div>
      </header>
      <main className="flex flex-1 flex-col items-center justify-center px-5 pt-6 pb-24">
        <div className="w-full max-w-96">
          <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
          {lead && <p className="mt-2 text-muted">{lead}</p>}
          <div className="mt-7">{children}</div>
          {foot && <div className="mt-6 border-t border-line pt-5 text-muted">{foot}</div>}
        </div>
      </main>
    </div>
  );
}

export const textLink =
  "rounded-sm font-medium text-accent-ink underline decoration-accent-ink/35 underline-offset-3 hover:decoration-accent-ink";
