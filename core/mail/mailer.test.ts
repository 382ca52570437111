import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FakeSmtp, startFakeSmtp } from "../../e2e/fakes/smtp.ts";
import { createMailer, type Mailer } from "./mailer.ts";
import { MailRefused } from "./refused.ts";

type Kept = { to: string; subject: string; text: string; html: string };

let smtp: FakeSmtp;
let folder: string;
beforeAll(async () => {
  smtp = await startFakeSmtp();
  folder = await mkdtemp(join(tmpdir(), "mailbox-"));
});
afterAll(async () => {
  await smtp.close();
  await rm(folder, { recursive: true, force: true });
});

const sides: [string, () => Mailer | null, () => Promise<Kept[]>][] = [
  [
    "SMTP",
    () => createMailer({ SMTP_URL: smtp.url, MAILBOX_FOLDER: folder }),
    async () =>
      smtp.mails.map(({ recipients, headers, text, html }) => ({
        to: recipients.join(),
        subject: headers.subject ?? "",
        text: text.replaceAll("\r\n", "\n").trimEnd(),
        html: html.replaceAll("\r\n", "\n").trimEnd(),
      })),
  ],
  [
    "the mailbox",
    () => createMailer({ MAILBOX_FOLDER: folder }),
    async () => {
      const names = (await readdir(folder)).sort();
      return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as Kept));
    },
  ],
];

describe.each(sides)("%s", (side, open, kept) => {
  let mailer: Mailer;
  beforeEach(async () => {
    mailer = open()!;
    smtp.mails.length = 0;
    for (const name of await readdir(folder)) await rm(join(folder, name));
  });

  test("delivers subject, text and HTML as they are, in any language", async () => {
    const text = `Три дня на этот адрес ничего не доходило.\n.\n${"слово ".repeat(60)}—\nhttps://portal.example/orgs/a?b=c&d=e`;
    const html = `<p>Три дня — «ничего» &lt;b&gt; ${"x".repeat(1_200)}</p>`;
    await mailer.send({
      to: "anna@example.com",
      subject: "Вебхуки на shop.example выключены — надолго, и потому тема длинная",
      text,
      html,
    });
    expect(await kept()).toMatchObject([
      { to: "anna@example.com", subject: "Вебхуки на shop.example выключены — надолго, и потому тема длинная", text, html },
    ]);
  });

  test("a subject cannot become a header, nor a body", async () => {
    const subject = "Hello\r\nBcc: eve@example.com\r\n\r\n<script>";
    await mailer.send({ to: "anna@example.com", subject, text: "x" });
    const [mail] = await kept();
    expect(mail?.to).toBe("anna@example.com");
    if (side === "SMTP") {
      expect(smtp.mails[0]?.headers.bcc).toBeUndefined();
      expect(smtp.mails[0]?.text.trim()).toBe("x");
    }
  });

  test.each([
    "anna@example.com, eve@example.com",
    "anna@example.com\r\nBcc: eve@example.com",
    "Eve <eve@example.com>",
    "nobody",
    "a@b@c",
    "",
  ])("one address, alone: %j is refused", async (to) => {
    await expect(mailer.send({ to, subject: "x", text: "x" })).rejects.toBeInstanceOf(MailRefused);
    expect(await kept()).toEqual([]);
  });

  test("the same id again is the same mail", async () => {
    const id = randomUUID();
    for (let n = 0; n < 2; n++) await mailer.send({ id, to: "anna@example.com", subject: "x", text: "x" });
    if (side === "SMTP") expect(smtp.mails.map(({ headers }) => headers["message-id"])).toEqual(Array(2).fill(`<${id}@example.com>`));
    else expect(await kept()).toHaveLength(1);
  });
});

describe("SMTP", () => {
  const send = (url = smtp.url) => createMailer({ SMTP_URL: url })!.send({ to: "anna@example.com", subject: "x", text: "x" });

  test("a mailbox that does not exist is refused for good, one that is busy is not", async () => {
    smtp.answerRecipients("550 no such mailbox");
    await expect(send()).rejects.toBeInstanceOf(MailRefused);
    smtp.answerRecipients("451 later");
    const later = await send().catch((error: unknown) => error);
    expect(later).toBeInstanceOf(Error);
    expect(later).not.toBeInstanceOf(MailRefused);
    smtp.answerRecipients(null);
  });

  test("a password is never sent over a connection that is not encrypted", async () => {
    smtp.mails.length = 0;
    const refused = await send(smtp.url.replace("//", "//user:password@")).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(refused).not.toBeInstanceOf(MailRefused);
    expect(smtp.mails).toEqual([]);
  });
});

test("without either nothing sends", () => expect(createMailer({})).toBeNull());
