import { type LoaderFunctionArgs, type MetaFunction, redirect } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { FileText, MousePointerClick, Quote, ShieldCheck, Wind } from "lucide-react";
import { ButtonLink } from "~/components/button";
import { Logo } from "~/components/logo";
import { PageError } from "~/components/page-error";
import { LocaleSwitch, ThemeSwitch } from "~/components/preferences";
import { readSession } from "~/http/session.server";
import { useText } from "~/i18n/text";
import { env } from "~/services.server";

export async function loader({ request }: LoaderFunctionArgs) {
  if (await readSession(request)) throw redirect("/orgs");
  return { demo: env.DEMO === "on" };
}

export const meta: MetaFunction = ({ matches }) => matches.flatMap((match) => (match.id === "root" ? (match.meta ?? []) : []));

const POINT_ICONS = [Quote, Wind, ShieldCheck];

export default function Landing() {
  const t = useText();
  const { demo } = useLoaderData<typeof loader>();
  const words = t.landing;
  return (
    <div className="min-h-dvh">
      <header className="mx-auto flex max-w-280 flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 py-4 sm:px-8">
        <span className="flex items-center gap-2.5 font-semibold">
          <Logo />
          <span className="hidden sm:inline">{t.product}</span>
        </span>
        <div className="flex items-center gap-2">
          <LocaleSwitch />
          <ThemeSwitch />
          <ButtonLink to="/login" look="ghost" className="-mr-2 sm:mr-0">
            {words.signIn}
          </ButtonLink>
        </div>
      </header>
      <main>
        <section className="mx-auto grid max-w-280 items-center gap-12 px-5 pt-10 pb-20 sm:px-8 md:pt-20 lg:grid-cols-[minmax(0,1fr)_26rem] lg:gap-16">
          <div>
            <p className="font-medium text-accent-ink">{words.eyebrow}</p>
            <h1 className="mt-3 text-hero font-semibold tracking-tight">{words.title}</h1>
            <p className="mt-5 max-w-xl text-lg text-muted">{words.lead}</p>
            <div className="mt-8 flex flex-wrap gap-3">
              <ButtonLink to="/signup" look="primary" size="lg">
                {words.start}
              </ButtonLink>
              {demo && (
                <ButtonLink to="/demo" size="lg" reloadDocument>
                  {words.demo}
                </ButtonLink>
              )}
            </div>
          </div>
          <Example />
        </section>

        <section className="border-y border-line bg-surface">
          <ul className="mx-auto grid max-w-280 gap-10 px-5 py-16 sm:px-8 md:grid-cols-3">
            {words.points.map((point, index) => {
              const Icon = POINT_ICONS[index] ?? Quote;
              return (
                <li key={point.title}>
                  <Icon aria-hidden className="size-6 text-accent-ink" strokeWidth={1.75} />
                  <h2 className="mt-4 text-lg font-semibold">{point.title}</h2>
                  <p className="mt-1.5 text-muted">{point.text}</p>
                </li>
              );
            })}
          </ul>
        </section>

        <section className="mx-auto max-w-280 px-5 py-16 sm:px-8">
          <h2 className="text-2xl font-semibold tracking-tight">{words.stepsTitle}</h2>
          <ol className="mt-8 grid gap-8 md:grid-cols-3">
            {words.steps.map((step, index) => (
              <li key={step.title} className="border-t-2 border-accent pt-4">
                <p className="tabular font-semibold text-accent-ink">{index + 1}</p>
                <h3 className="mt-1 text-lg font-semibold">{step.title}</h3>
                <p className="mt-1 text-muted">{step.text}</p>
              </li>
            ))}
          </ol>
        </section>
      </main>
      <footer className="border-t border-line">
        <div className="mx-auto flex max-w-280 flex-wrap items-center justify-between gap-3 px-5 py-6 text-sm text-muted sm:px-8">
          <span>{words.footer}</span>
          {demo && (
            <Link to="/demo" reloadDocument className="rounded-sm hover:text-ink">
              {words.demo}
            </Link>
          )}
        </div>
      </footer>
    </div>
  );
}

/** A drawn exchange: a question, an answer with its marker, the quoted passage. */
function Example() {
  const t = useText();
  const words = t.landing;
  return (
    <figure aria-label={words.exampleLabel} className="rounded-xl border border-line bg-surface p-5 shadow-float">
      <p className="ml-auto w-fit max-w-[85%] rounded-xl rounded-br-sm bg-accent px-4 py-2.5 text-on-accent">{words.exampleQuestion}</p>
      <p className="mt-4 text-lg">
        {words.exampleAnswer}
        <span
          aria-hidden
          className="tabular ml-1.5 inline-grid size-5 place-items-center rounded-full bg-accent-soft align-text-top text-xs font-semibold text-accent-ink"
        >
          1
        </span>
      </p>
      <div className="relative mt-4 rounded-lg border border-line bg-sunken p-4">
        <p className="flex items-center gap-2 text-sm font-medium">
          <FileText aria-hidden className="size-4 text-muted" />
          {words.exampleSource}
        </p>
        <blockquote className="mt-2 border-l-2 border-accent pl-3 text-muted">{words.exampleQuote}</blockquote>
        <MousePointerClick aria-hidden className="absolute -top-3 right-6 size-6 text-accent-ink" strokeWidth={1.5} />
      </div>
    </figure>
  );
}

export const ErrorBoundary = PageError;
