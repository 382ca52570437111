import { sendMail } from "../mail/send-mail.ts";
import type { Handler } from "./index.ts";

/** Sends an e-mail to one person. */
export const mailSend: Handler<"mail.send"> = ({ mailId }, { db, log, mailer, appUrl }) =>
  sendMail(mailId, { db, log: log.with({ mail: mailId }), mailer, appUrl });
