import type { Db } from "@gpt-agent/core/db";
import { type Locale, pickLocale } from "@gpt-agent/core/locales";
import type { Log } from "@gpt-agent/core/log";
import type { Mailer } from "@gpt-agent/core/mail/mailer";
import { MailRefused } from "@gpt-agent/core/mail/refused";
import { z } from "zod";
import { PermanentFailure } from "../queue/job-queue.ts";
import { type MailPage, renderMail } from "./page.ts";
import { webhookDisabled } from "./webhook-disabled.ts";

export type SendDeps = { db: Db; log: Log; mailer: Mailer | null; appUrl: string };

const taken = z.object({
  kind: z.string(),
  detail: z.record(z.string(), z.unknown()),
  to: z.string(),
  locale: z.string().nullable(),
  orgId: z.uuid(),
  orgName: z.string(),
  orgSlug: z.string(),
});
type Letter = Omit<z.infer<typeof taken>, "locale"> & { locale: Locale };

/** Words a mail from what the database holds now; null when what it would tell of is over. */
export type Composer = (mail: Letter, deps: Pick<SendDeps, "db" | "appUrl">) => Promise<MailPage | null>;

/** Every kind of mail (mails.kind). */
const COMPOSERS: Record<string, Composer> = { "webhook.disabled": webhookDisabled };

/**
 * Sends a mail and writes down how it went. Nothing happens when it has ended or is being sent elsewhere. A worker that dies between the
 * mail server's yes and the database may send it twice, under one Message-ID.
 * @throws whatever kept it from being sent and may not next time; PermanentFailure for a kind that nobody can word
 */
export async function sendMail(mailId: string, { db, log, mailer, appUrl }: SendDeps): Promise<void> {
  const begun = await db.rpc("begin_mail", { mail: mailId });
  if (begun.error) throw begun.error;
  if (begun.data === null) return;
  const end = async (how: "sent" | "refused" | "unwanted" | "unconfigured") => {
    const ended = await db.rpc("end_mail", { mail: mailId, how });
    if (ended.error) throw ended.error;
  };
  const parsed = taken.safeParse(begun.data);
  const compose = parsed.data && Object.hasOwn(COMPOSERS, parsed.data.kind) ? COMPOSERS[parsed.data.kind] : undefined;
  if (!parsed.success || !compose) throw new PermanentFailure(`A mail cannot be worded: ${parsed.error?.message ?? parsed.data?.kind}`);
  if (!mailer) {
    log.warn("An e-mail is not sent: SMTP_URL is not set", { kind: parsed.data.kind });
    return end("unconfigured");
  }
  const page = await compose({ ...parsed.data, locale: pickLocale(parsed.data.locale) }, { db, appUrl });
  if (!page) return end("unwanted");
  try {
    await mailer.send({ id: mailId, to: parsed.data.to, ...renderMail(page) });
  } catch (error) {
    if (!(error instanceof MailRefused)) throw error;
    // The server's words may name the address: whose mailbox it is, is in the table.
    log.warn("A mail server refused an e-mail", { kind: parsed.data.kind });
    return end("refused");
  }
  await end("sent");
  log.info("An e-mail was sent", { kind: parsed.data.kind });
}
