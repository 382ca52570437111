import onestCyrillic from "@fontsource-variable/onest/files/onest-cyrillic-wght-normal.woff2?url";
import onestLatin from "@fontsource-variable/onest/files/onest-latin-wght-normal.woff2?url";
import type { HeadersFunction, LinksFunction, LoaderFunctionArgs, MetaFunction } from "@remix-run/node";
import { Links, Meta, Outlet, Scripts, ScrollRestoration, useRouteLoaderData } from "@remix-run/react";
import type { ReactNode } from "react";
import { Analytics } from "~/components/analytics";
import { useAnswerAttributes } from "~/components/answer-context";
import { NavigationProgress } from "~/components/navigation-progress";
import { useNonce } from "~/components/nonce";
import { PageError } from "~/components/page-error";
import { analyticsOf, isCounted } from "~/http/analytics";
import { readPreferences } from "~/i18n/preferences.server";
import { dictionaries, LocaleProvider } from "~/i18n/text";
import { env } from "~/services.server";
import styles from "~/styles/app.css?url";

export { unlessRefused as shouldRevalidate } from "~/components/offline-safe";

export const loader = ({ request }: LoaderFunctionArgs) => ({
  ...readPreferences(request),
  analytics: isCounted(new URL(request.url).pathname) ? analyticsOf(env) : null,
});

export const headers: HeadersFunction = () => ({ Vary: "Cookie, Accept-Language" });

export const links: LinksFunction = () => [
  { rel: "icon", href: "/favicon.svg", type: "image/svg+xml" },
  ...[onestLatin, onestCyrillic].map((href) => ({
    rel: "preload",
    href,
    as: "font",
    type: "font/woff2",
    crossOrigin: "anonymous" as const,
  })),
  { rel: "stylesheet", href: styles },
];

export const meta: MetaFunction<typeof loader> = ({ data, error }) => {
  const t = dictionaries[data?.locale ?? "en"];
  return [{ title: error ? t.pageErrors.notFoundTitle : t.product }, { name: "description", content: t.meta.description }];
};

export function Layout({ children }: { children: ReactNode }) {
  const nonce = useNonce();
  const answer = useAnswerAttributes();
  // Absent when the root loader itself failed.
  const { locale, theme, analytics } = useRouteLoaderData<typeof loader>("root") ?? {
    locale: "en" as const,
    theme: "auto" as const,
    analytics: null,
  };
  return (
    <html lang={locale} data-theme={theme} {...answer} suppressHydrationWarning>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content={theme === "auto" ? "light dark" : theme} />
        <Meta />
        <Links />
        <Analytics counter={analytics} />
      </head>
      <body>
        <LocaleProvider value={locale}>{children}</LocaleProvider>
        <ScrollRestoration nonce={nonce} />
        <Scripts nonce={nonce} />
      </body>
    </html>
  );
}

export default function App() {
  return (
    <>
      <NavigationProgress />
      <Outlet />
    </>
  );
}

export function ErrorBoundary() {
  return (
    <main>
      <PageError />
    </main>
  );
}
