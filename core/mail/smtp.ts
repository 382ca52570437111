import { createTransport, type Transport } from "nodemailer";
import type { Mail, Mailer } from "./mailer.ts";
import { MailRefused, oneAddress } from "./refused.ts";

/** Milliseconds: to connect and be greeted, and for the server to be silent in between. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;
/** Where in a conversation a server's final no is about this mail rather than about us. */
const ABOUT_THE_MAIL = new Set(["EENVELOPE", "EMESSAGE"]);

/** Sends through `smtp://user:password@host:587?from=address` (or smtps://). With a password the connection has to be encrypted. */
export class SmtpMailer implements Mailer {
  private readonly transport: Transport;
  private readonly from: string;

  constructor(smtpUrl: string) {
    const url = new URL(smtpUrl);
    const user = decodeURIComponent(url.username);
    const secure = url.protocol === "smtps:";
    this.from = url.searchParams.get("from") ?? (user.includes("@") ? user : `no-reply@${url.hostname}`);
    this.transport = createTransport({
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || (secure ? 465 : 587)),
      secure,
      requireTLS: Boolean(user) && !secure,
      ...(user ? { auth: { user, pass: decodeURIComponent(url.password) } } : {}),
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** Connects and signs in, and sends nothing. @throws when a mail would fail for these reasons */
  async check(): Promise<void> {
    await this.transport.verify();
  }

  async send({ to, subject, text, html, id }: Mail): Promise<void> {
    try {
      await this.transport.sendMail({
        from: this.from,
        to: { name: "", address: oneAddress(to) },
        subject,
        ...(text === undefined ? {} : { text }),
        ...(html === undefined ? {} : { html }),
        ...(id ? { messageId: `<${id}@${this.from.split("@").at(-1)?.replace(/>$/, "")}>` } : {}),
        // Out-of-office replies to a machine help nobody (RFC 3834).
        headers: { "Auto-Submitted": "auto-generated" },
      });
    } catch (error) {
      const { code = "", responseCode = 0, message } = error as { code?: string; responseCode?: number; message: string };
      if (ABOUT_THE_MAIL.has(code) && responseCode >= 500) throw new MailRefused(message, { cause: error });
      throw error;
    }
  }
}
