import { randomBytes } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EmailDriver, SmtpEmailDriver } from "@supabase/lite";

export type Mail = { to: string; subject: string; text?: string; html?: string };

/** Keeps e-mails as JSON files that the portal's /mailbox page shows: one file a mail, named by its time. */
export class MailboxDriver {
  constructor(private readonly folder: string) {}

  async send({ to, subject, text, html }: Mail): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const sentAt = new Date().toISOString();
    const path = join(this.folder, `${sentAt.replace(/[:.]/g, "-")}-${randomBytes(4).toString("hex")}.json`);
    await writeFile(`${path}.partial`, JSON.stringify({ to, subject, text, html, sentAt }), { mode: 0o600 });
    await rename(`${path}.partial`, path);
  }
}

/** An SMTP driver for `smtp://user:password@host:587?from=address` (or smtps://). */
export function smtpDriver(smtpUrl: string): EmailDriver {
  const url = new URL(smtpUrl);
  const user = decodeURIComponent(url.username);
  return new SmtpEmailDriver({
    host: url.hostname,
    port: Number(url.port || (url.protocol === "smtps:" ? 465 : 587)),
    ...(user ? { user, pass: decodeURIComponent(url.password) } : {}),
    from: url.searchParams.get("from") ?? (user.includes("@") ? user : `no-reply@${url.hostname}`),
  } as ConstructorParameters<typeof SmtpEmailDriver>[0]);
}
