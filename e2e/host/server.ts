import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What is put into the host page. */
export type HostPage = {
  /** Markup in place of the plain `<gpt-agent agent-id="demo">`. */
  body?: string;
  /** Language of the page. */
  lang?: string;
  /** Text of a script file of the page itself. */
  script?: string;
  /** What the site's server says of who is signed in there, at /agent-token; null for nobody. */
  token?: () => string | null;
  /** Extra markup in the head, before the widget's script. */
  head?: string;
};

/**
 * A customer's site on an origin of its own, under a policy as strict as they come: it allows the widget's script, its
 * API, and nothing inline.
 */
export class HostSite {
  origin = "";
  page: HostPage = {};
  readonly #portal: string;
  readonly #server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    if (path === "/host.css") {
      response.writeHead(200, { "content-type": "text/css" }).end(await readFile(new URL("./host.css", import.meta.url)));
    } else if (path === "/host.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(this.page.script ?? "");
    } else if (path === "/agent-token") {
      const token = this.page.token?.() ?? null;
      response.writeHead(token ? 200 : 204, { "content-type": "application/json" }).end(token ? JSON.stringify({ token }) : undefined);
    } else if (path === "/favicon.ico") {
      response.writeHead(204).end();
    } else {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": this.policy }).end(this.#html());
    }
  });

  constructor(portal: string) {
    this.#portal = portal;
  }

  get policy(): string {
    const own = this.page.script === undefined ? "" : " 'self'";
    return [
      "default-src 'none'",
      `script-src ${this.#portal}${own}`,
      `connect-src ${this.#portal}${this.page.token ? " 'self'" : ""}`,
      "style-src 'self'",
      `img-src data: ${this.#portal}`,
      "require-trusted-types-for 'script'",
      "trusted-types gpt-agent",
    ].join("; ");
  }

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #html(): string {
    const { body = '<gpt-agent agent-id="demo"></gpt-agent>', lang = "en", script, head = "" } = this.page;
    return `<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>Samovar &amp; Co</title>
<link rel="stylesheet" href="/host.css">
${head}
${script === undefined ? "" : '<script src="/host.js"></script>'}
<script src="${this.#portal}/widget.js" async></script>
</head>
<body>
<header><b>Samovar &amp; Co</b><nav><a href="#tea">Tea</a> <a href="#ware">Ware</a> <a href="#about">About</a></nav></header>
<main>
<h1>Loose-leaf tea, sent the same day</h1>
<p>From small gardens in Georgia, Krasnodar and Yunnan. We pack on weekdays until four.</p>
<p><button type="button" id="ask" data-gpt-agent-prompt="How long is delivery?">Ask about delivery</button>
<button type="button" id="toggle" data-gpt-agent-toggle>Chat with us</button></p>
</main>
${body}
</body>
</html>`;
  }
}
