import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { Analytics } from "~/components/analytics";
import { NonceContext } from "~/components/nonce";
import { analyticsOf, isCounted } from "./analytics";
import { securityHeaders } from "./security-headers";

const SRC = "https://plausible.example.com/js/script.js";
const draw = (counter: ReturnType<typeof analyticsOf>) =>
  renderToStaticMarkup(
    <NonceContext.Provider value="n0nce">
      <Analytics counter={counter} />
    </NonceContext.Provider>,
  );
const policyOf = (counter: ReturnType<typeof analyticsOf>) =>
  securityHeaders({ nonce: "n0nce", https: true, connect: counter?.origin ?? undefined })["Content-Security-Policy"]!;

describe("web analytics", () => {
  test("H19: are off by default: no script, and a policy that lets nothing out", () => {
    expect(analyticsOf({})).toBeNull();
    expect(analyticsOf({ ANALYTICS_SITE: "portal.example.com" })).toBeNull();
    expect(draw(null)).toBe("");
    expect(policyOf(null)).toContain("connect-src 'self';");
  });

  test("H19: one script with the page's nonce, which may report to its own origin alone", () => {
    const counter = analyticsOf({ ANALYTICS_SRC: SRC, ANALYTICS_SITE: "portal.example.com" });
    expect(draw(counter)).toBe(
      `<script defer="" src="${SRC}" nonce="n0nce" data-domain="portal.example.com" data-website-id="portal.example.com"></script>`,
    );
    const policy = policyOf(counter);
    expect(policy).toContain("connect-src 'self' https://plausible.example.com;");
    expect(policy).toContain("script-src 'self' 'nonce-n0nce';");
  });

  test("Vercel's comes from the portal itself", () => {
    const counter = analyticsOf({ ANALYTICS_SRC: "vercel" });
    expect(counter).toEqual({ src: "/_vercel/insights/script.js", site: null, origin: null });
    expect(policyOf(counter)).toContain("connect-src 'self';");
  });

  test.each(["/auth/confirm", "/reset-password", "/integrations/crm/callback", "/mailbox"])(
    "%s is not counted: its address opens something",
    (path) => {
      expect(isCounted(path)).toBe(false);
    },
  );
  test.each(["/", "/login", "/orgs/acme/agents", "/authors"])("%s is", (path) => {
    expect(isCounted(path)).toBe(true);
  });
});
