import type { Locale } from "@gpt-agent/core/locales";
import { createElement } from "react";
import { copy } from "./copy.ts";
import { BasecampPicture, CupPicture, HeroScene, KidPicture, Logo, OneFamily, Paints, ShopFront } from "./illustrations.tsx";

type Product = "one" | "basecamp" | "cup" | "kid";
const PICTURES: Record<Product, () => JSX.Element> = { one: OneFamily, basecamp: BasecampPicture, cup: CupPicture, kid: KidPicture };
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 -6 40 40'%3E%3Ccircle cx='29' cy='7' r='4' fill='%23c8553a'/%3E%3Cpath d='M1 19 13 3l8 10 3-3.5L38 19z' fill='%2324594a'/%3E%3Cpath d='M6 24h18M16 29h16' stroke='%235c9488' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E";
const LANGUAGES: [Locale, string][] = [
  ["en", "English"],
  ["ru", "Русский"],
];

function ProductCard({ product, locale }: { product: Product; locale: Locale }) {
  const { bottles, products } = copy[locale];
  const { name, line, price, hot, cold, prompt } = products[product];
  const Picture = PICTURES[product];
  return (
    <article className={`product product-${product}`}>
      <Picture />
      <div className="product-text">
        <h3>{name}</h3>
        <p>{line}</p>
        <dl className="keeps">
          {hot ? (
            <div>
              <dt>{bottles.hot}</dt>
              <dd>{hot}</dd>
            </div>
          ) : null}
          <div>
            <dt>{hot ? bottles.cold : bottles.coldOnly}</dt>
            <dd>{cold}</dd>
          </div>
        </dl>
        <p className="price">
          {product === "one" ? <span>{bottles.from}&nbsp;</span> : null}
          {price}
        </p>
        <button type="button" className="ask" data-gpt-agent-prompt={prompt}>
          {bottles.ask}
        </button>
      </div>
    </article>
  );
}

function Header({ locale }: { locale: Locale }) {
  const { nav, language } = copy[locale];
  return (
    <header className="top">
      <a href={`/demo?lang=${locale}`} className="logo">
        <Logo />
        tarn
      </a>
      <nav className="sections" aria-label={nav.label}>
        <a href="#bottles">{nav.bottles}</a>
        <a href="#delivery">{nav.delivery}</a>
        <a href="#questions">{nav.questions}</a>
        <a href="#visit">{nav.visit}</a>
      </nav>
      <nav className="languages" aria-label={language}>
        {LANGUAGES.map(([code, name]) => (
          <a
            key={code}
            href={`/demo?lang=${code}`}
            lang={code}
            hrefLang={code}
            title={name}
            aria-current={code === locale ? "true" : undefined}
          >
            {code.toUpperCase()}
          </a>
        ))}
      </nav>
    </header>
  );
}

/** A customer's site as its maker would write it: plain HTML, its own looks, and the two lines that put the agent on it. */
export function DemoPage({ locale, nonce, styles }: { locale: Locale; nonce: string; styles: string }) {
  const text = copy[locale];
  return (
    <html lang={locale}>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="description" content={text.description} />
        <meta name="theme-color" content="#f6efe2" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={ICON} />
        <title>{text.title}</title>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own stylesheet, inlined so that the page is one request */}
        <style nonce={nonce} dangerouslySetInnerHTML={{ __html: styles }} />
        <script src="/widget.js" async nonce={nonce} />
      </head>
      <body>
        <a className="skip" href="#content">
          {text.skip}
        </a>
        <aside className="note" aria-label={text.noteLabel}>
          {text.note} <a href="/">{text.portal}</a>
        </aside>
        <Header locale={locale} />
        <main id="content">
          <section className="hero">
            <HeroScene label={text.hero.picture} />
            <div className="hero-text">
              <p className="kicker">{text.hero.kicker}</p>
              <h1>{text.hero.heading}</h1>
              <p className="lead">{text.hero.text}</p>
              <p className="actions">
                <a className="button" href="#bottles">
                  {text.hero.see}
                </a>
                <button type="button" className="button button-quiet" data-gpt-agent-toggle="">
                  {text.hero.ask}
                </button>
              </p>
            </div>
          </section>

          <ul className="facts">
            {text.facts.map(([figure, meaning]) => (
              <li key={figure}>
                <strong>{figure}</strong> {meaning}
              </li>
            ))}
          </ul>

          <section id="bottles" className="bottles">
            <div className="section-head">
              <h2>{text.bottles.heading}</h2>
              <p>{text.bottles.text}</p>
            </div>
            <div className="shelf">
              <ProductCard product="one" locale={locale} />
              <ProductCard product="basecamp" locale={locale} />
              <ProductCard product="cup" locale={locale} />
              <ProductCard product="kid" locale={locale} />
              <article className="engraving">
                <p className="plate" aria-hidden="true">
                  {text.engraving.sample}
                </p>
                <h3>{text.engraving.heading}</h3>
                <p>{text.engraving.text}</p>
                <button type="button" className="ask" data-gpt-agent-prompt={text.engraving.prompt}>
                  {text.engraving.ask}
                </button>
              </article>
            </div>
          </section>

          <section id="delivery" className="delivery">
            <div className="section-head">
              <h2>{text.delivery.heading}</h2>
              <p>{text.delivery.text}</p>
            </div>
            <ul className="zones">
              {text.delivery.zones.map(([where, price, time, free]) => (
                <li key={where}>
                  <h3>{where}</h3>
                  <p className="zone-price">{price}</p>
                  <p>{time}</p>
                  <p className="zone-free">
                    {text.delivery.free} {free}
                  </p>
                </li>
              ))}
            </ul>
          </section>

          <section id="questions" className="questions">
            <div>
              <h2>{text.questions.heading}</h2>
              <p className="intro">{text.questions.text}</p>
            </div>
            <ul>
              {text.questions.list.map((question) => (
                <li key={question}>
                  <button type="button" data-gpt-agent-prompt={question}>
                    {question}
                  </button>
                </li>
              ))}
            </ul>
          </section>

          <section id="visit" className="visit">
            <ShopFront label={text.visit.picture} />
            <div>
              <h2>{text.visit.heading}</h2>
              <p className="address">{text.visit.address}</p>
              <dl className="hours">
                {text.visit.hours.map(([day, time]) => (
                  <div key={day}>
                    <dt>{day}</dt>
                    <dd>{time}</dd>
                  </div>
                ))}
              </dl>
              <p>{text.visit.refill}</p>
            </div>
          </section>
        </main>
        <footer className="footer">
          <p className="logo">
            <Logo />
            tarn
          </p>
          <p className="contacts">
            <a href="mailto:hello@tarn.example">hello@tarn.example</a>
            <span>+382 20 000 114</span>
            <span>{text.visit.address}</span>
          </p>
          <p className="small">{text.footer.made}</p>
        </footer>
        <Paints />
        {createElement("gpt-agent", { "agent-id": "demo", locale })}
      </body>
    </html>
  );
}
