import { MailboxMailer } from "./mailbox.ts";
import { SmtpMailer } from "./smtp.ts";

/** An e-mail to one person. Its sender is set where mails are sent. */
export type Mail = {
  to: string;
  subject: string;
  text?: string;
  html?: string;
  /** A UUID that stays the same when the mail is sent again after a failure: whoever hears it twice can tell. */
  id?: string;
};

export type Mailer = {
  /**
   * Hands a mail over: to a mail server, or to a folder.
   * @throws MailRefused when the same mail would be refused again; any other error is worth another try
   */
  send(mail: Mail): Promise<void>;
};

/** How mails are sent here: through a mail server, else into the mailbox's folder; null where neither is set. */
export function createMailer(config: { SMTP_URL?: string; MAILBOX_FOLDER?: string }): Mailer | null {
  if (config.SMTP_URL) return new SmtpMailer(config.SMTP_URL);
  return config.MAILBOX_FOLDER ? new MailboxMailer(config.MAILBOX_FOLDER) : null;
}
