import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mail, Mailer } from "./mailer.ts";
import { oneAddress } from "./refused.ts";

/** Keeps e-mails as JSON files that the portal's /mailbox page shows: one file a mail, named by its time. */
export class MailboxMailer implements Mailer {
  constructor(private readonly folder: string) {}

  async send({ to, subject, text, html, id }: Mail): Promise<void> {
    oneAddress(to);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const mark = id ?? randomBytes(4).toString("hex");
    if (id && (await readdir(this.folder)).some((name) => name.endsWith(`-${id}.json`))) return;
    const sentAt = new Date().toISOString();
    const path = join(this.folder, `${sentAt.replace(/[:.]/g, "-")}-${mark}.json`);
    await writeFile(`${path}.partial`, JSON.stringify({ to, subject, text, html, sentAt }), { mode: 0o600 });
    await rename(`${path}.partial`, path);
  }
}
