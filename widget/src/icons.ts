import { html, type TemplateResult } from "lit";

/** A 24-unit line icon; decoration only, its button carries the words. */
const icon = (path: string): TemplateResult => html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;

export const icons = {
  close: icon("m6 6 12 12M18 6 6 18"),
  menu: icon("M5 12h.01M12 12h.01M19 12h.01"),
  back: icon("m14.5 6-6 6 6 6"),
  send: icon("M12 19V5m0 0-6 6m6-6 6 6"),
  copy: icon("M9 9h10v11H9zM15 9V4H5v11h4"),
  done: icon("m5 12.5 4.5 4.5L19 7.5"),
  again: icon("M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9m0-5v5h-5"),
  good: icon("M7 11v9H4v-9zm0 0 4-8a2.5 2.5 0 0 1 2.5 2.5V9H19a1.5 1.5 0 0 1 1.5 1.8l-1.4 7.7A1.8 1.8 0 0 1 17.3 20H7"),
  bad: icon("M17 13V4h3v9zm0 0-4 8a2.5 2.5 0 0 1-2.5-2.5V15H5a1.5 1.5 0 0 1-1.5-1.8l1.4-7.7A1.8 1.8 0 0 1 6.7 4H17"),
  down: icon("M12 5v14m0 0 6-6m-6 6-6-6"),
  open: icon("M13 5h6v6m0-6-8 8M16 14v5H5V8h5"),
  chevron: icon("m9 6 6 6-6 6"),
  person: icon("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8a7 7 0 0 1 14 0"),
  plus: icon("M12 5v14M5 12h14"),
  clock: icon("M12 7.5V12l3 2m5-2a8 8 0 1 1-16 0 8 8 0 0 1 16 0Z"),
  globe: icon("M4 12h16M12 4c5 5 5 11 0 16-5-5-5-11 0-16Zm8 8a8 8 0 1 1-16 0 8 8 0 0 1 16 0Z"),
  download: icon("M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 19.5h14"),
  erase: icon("M5 7h14M10 7V4.5h4V7m3 0-.7 12.5H7.7L7 7"),
};
