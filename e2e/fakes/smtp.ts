// A mail server on loopback that takes mails and keeps them (RFC 5321, as much of it as a sender uses), and reads them as a mail
// program would (RFC 5322, 2045, 2047).
import { createServer, type Server, type Socket } from "node:net";

export type ReceivedMail = {
  /** Of the envelope. */
  from: string;
  recipients: string[];
  headers: Record<string, string>;
  text: string;
  html: string;
};
export type FakeSmtp = {
  url: string;
  mails: ReceivedMail[];
  /** What is answered to the next recipients, such as "550 no such mailbox"; null takes them. */
  answerRecipients(line: string | null): void;
  close(): Promise<void>;
};

function decodeBytes(bytes: string, encoding: string): string {
  if (/^base64$/i.test(encoding)) return Buffer.from(bytes, "base64").toString("utf8");
  if (!/^quoted-printable$/i.test(encoding)) return Buffer.from(bytes, "latin1").toString("utf8");
  const octets = bytes.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, "latin1").toString("utf8");
}

/** Encoded words: =?UTF-8?B?…?= and =?UTF-8?Q?…?= */
const decodeWords = (value: string): string =>
  value.replace(/\?=\s+=\?/g, "?==?").replace(/(?:=\?utf-8\?[bq]\?[^?]*\?=)+/gi, (run) =>
    Buffer.concat(
      [...run.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, how, word = ""]) =>
        /b/i.test(how ?? "")
          ? Buffer.from(word, "base64")
          : Buffer.from(
              word.replaceAll("_", " ").replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
              "latin1",
            ),
      ),
    ).toString("utf8"),
  );

function split(raw: string): { headers: Record<string, string>; body: string } {
  const at = raw.indexOf("\r\n\r\n");
  const headers: Record<string, string> = {};
  for (const line of raw
    .slice(0, at)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n")) {
    const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name) headers[name.toLowerCase()] = decodeWords(value ?? "");
  }
  return { headers, body: raw.slice(at + 4) };
}

function partsOf(raw: string): { type: string; text: string }[] {
  const { headers, body } = split(raw);
  const type = headers["content-type"] ?? "text/plain";
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (!boundary) return [{ type, text: decodeBytes(body, headers["content-transfer-encoding"] ?? "7bit") }];
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => partsOf(part.replace(/^\r\n/, "").replace(/\r\n$/, "")));
}

export async function startFakeSmtp(): Promise<FakeSmtp> {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let refusal: string | null = null;

  function converse(socket: Socket) {
    let [from, recipients, data] = ["", [] as string[], null as string | null];
    let rest = "";
    const say = (line: string) => socket.write(`${line}\r\n`);
    const command = (line: string) => {
      const address = /<([^>]*)>/.exec(line)?.[1] ?? "";
      if (/^(EHLO|HELO)/i.test(line)) return say("250 fake");
      if (/^MAIL FROM/i.test(line)) {
        [from, recipients] = [address, []];
        return say("250 ok");
      }
      if (/^RCPT TO/i.test(line)) {
        if (refusal) return say(refusal);
        recipients.push(address);
        return say("250 ok");
      }
      if (/^DATA/i.test(line)) {
        data = "";
        return say("354 go on");
      }
      if (/^QUIT/i.test(line)) return socket.end("221 bye\r\n");
      return say(/^(RSET|NOOP)/i.test(line) ? "250 ok" : "500 what?");
    };
    const keep = (raw: string) => {
      const parts = partsOf(raw);
      const of = (type: string) => parts.find((part) => part.type.startsWith(type))?.text ?? "";
      mails.push({ from, recipients, headers: split(raw).headers, text: of("text/plain"), html: of("text/html") });
      data = null;
      say("250 kept");
    };
    sockets.add(socket);
    socket.setEncoding("latin1");
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (piece: string) => {
      rest += piece;
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data === null) command(line);
        else if (line === ".") keep(data);
        else data += `${line.replace(/^\./, "")}\r\n`;
      }
    });
    say("220 fake ESMTP");
  }

  const server: Server = createServer(converse);
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  return {
    url: `smtp://127.0.0.1:${port}?from=platform@example.com`,
    mails,
    answerRecipients(line) {
      refusal = line;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
