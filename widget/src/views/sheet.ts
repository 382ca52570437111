import type { CitedPassage } from "@gpt-agent/core/chat-events";
import { html, nothing, type TemplateResult } from "lit";
import type { ChatPanel, Sheet } from "../chat-panel.ts";
import { keepFocusInside } from "../focus.ts";
import { icons } from "../icons.ts";
import { linkHost, safeHref } from "../links.ts";

/** A quote where it stands: in the passage of the document that the answer rests on. */
export function sheetView(panel: ChatPanel, { citation, passage, missing }: Sheet): TemplateResult {
  const { strings } = panel;
  const place = [citation.page && strings.page(citation.page), citation.headings?.join(" › ")].filter(Boolean).join(" · ");
  const href = citation.url ? safeHref(withFragment(citation.url, citation.quote)) : null;
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Tab") keepFocusInside(event, event.currentTarget as HTMLElement);
  };
  return html`
    <div class="scrim" @click=${() => panel.closeSheet()}></div>
    <section class="sheet" part="sheet" role="dialog" aria-modal="true" aria-labelledby="sheet-title" tabindex="-1" @keydown=${onKey}>
      <div class="sheet-head">
        <span class="number" aria-hidden="true">${citation.index}</span>
        <div class="who">
          <h2 class="title" id="sheet-title"><span class="aloud">${strings.citation(citation.index)}:</span> ${citation.title}</h2>
          ${place ? html`<p class="subtitle">${place}</p>` : nothing}
        </div>
        <button class="icon" type="button" aria-label=${strings.back} @click=${() => panel.closeSheet()}>${icons.close}</button>
      </div>
      <div class="passage" tabindex="0" dir="auto">
        ${passage ? passageView(passage) : html`<mark>${citation.quote}</mark>`}
        ${missing ? html`<p class="aside">${strings.passageMissing}</p>` : nothing}
      </div>
      ${
        href
          ? html`<a class="plain strong" href=${href} target="_blank" rel="noopener noreferrer nofollow">${icons.open}${strings.openPage}<span class="host">(${linkHost(href)})</span></a>`
          : nothing
      }
    </section>
  `;
}

function passageView({ passage, quote, quoteStart }: CitedPassage): TemplateResult {
  const end = quoteStart + quote.length;
  return html`${passage.slice(0, quoteStart)}<mark>${passage.slice(quoteStart, end)}</mark>${passage.slice(end)}`;
}

/** Browsers scroll to and mark the text named in the fragment. */
function withFragment(url: string, quote: string): string {
  if (url.includes("#:~:text=")) return url;
  const words = quote.trim().split(/\s+/).slice(0, 8).join(" ");
  return `${url}${url.includes("#") ? "" : "#"}:~:text=${encodeURIComponent(words).replace(/-/g, "%2D")}`;
}
