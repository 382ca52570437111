import { escapeHtml } from "@gpt-agent/core/escape-html";
import type { Locale } from "@gpt-agent/core/locales";

/** What a mail says, in the reader's language; nothing in it is markup. */
export type MailPage = {
  locale: Locale;
  subject: string;
  paragraphs: string[];
  /** Facts that stand out: each a label and what it is. */
  facts: [label: string, value: string][];
  action: { label: string; url: string };
  /** Why the reader gets this. */
  foot: string;
};

/** Other people's words (names, addresses) on one line: no control characters, nothing that turns the direction of text, cut at `max`. */
export function plain(text: string, max = 200): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

/** A page as a mail: HTML that looks like the sign-in mails (supabase/templates), and the same as plain text. */
export function renderMail({ locale, subject, paragraphs, facts, action, foot }: MailPage): {
  subject: string;
  text: string;
  html: string;
} {
  const text = [
    ...paragraphs,
    facts.map(([label, value]) => `${label}: ${value}`).join("\n"),
    `${action.label}: ${action.url}`,
    `--\n${foot}`,
  ].join("\n\n");
  const html = `<!doctype html>
<html lang="${locale}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>${escapeHtml(subject)}</title>
  </head>
  <body style="margin:0;padding:32px 16px;background:#f6f7f9;font:16px/1.5 system-ui,sans-serif;color:#1c2230">
    <div style="max-width:480px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #e2e5eb;border-radius:10px">
      <h1 style="margin:0 0 16px;font-size:20px;line-height:1.3;overflow-wrap:anywhere">${escapeHtml(subject)}</h1>
${paragraphs.map((words) => `      <p style="margin:0 0 16px;overflow-wrap:anywhere">${escapeHtml(words)}</p>`).join("\n")}
      <dl style="margin:0 0 24px">
${facts
  .map(
    ([label, value]) =>
      `        <dt style="font-size:13px;color:#5b6478">${escapeHtml(label)}</dt>\n        <dd style="margin:0 0 8px;overflow-wrap:anywhere">${escapeHtml(value)}</dd>`,
  )
  .join("\n")}
      </dl>
      <p style="margin:0 0 24px">
        <a href="${escapeHtml(action.url)}" style="display:inline-block;padding:10px 20px;border-radius:6px;background:#5b4fd6;color:#ffffff;text-decoration:none">${escapeHtml(action.label)}</a>
      </p>
      <p style="margin:0;font-size:13px;color:#5b6478;overflow-wrap:anywhere">${escapeHtml(foot)}</p>
    </div>
  </body>
</html>
`;
  return { subject, text, html };
}
