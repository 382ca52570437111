import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { messageResponse } from "./message-response.ts";

/** What Node's client makes of an answer that comes as these bytes. */
async function answerOf(bytes: string): Promise<IncomingMessage> {
  const server = createServer((socket) => socket.once("data", () => socket.end(bytes, "latin1"))).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as AddressInfo;
  const message = await new Promise<IncomingMessage>((resolve, reject) =>
    request({ host: "127.0.0.1", port }, resolve).on("error", reject).end(),
  );
  message.resume();
  server.close();
  return message;
}

test("an answer keeps its status, each of its headers and the text read of it, whatever stands in its reason phrase", async () => {
  const message = await answerOf("HTTP/1.1 429 Too\x01 Many\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n");
  const response = messageResponse(message, "slow down");
  expect([response.status, response.statusText, await response.text()]).toEqual([429, "Too Many", "slow down"]);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
});

test("an answer whose status knows no body has none", async () => {
  expect(messageResponse(await answerOf("HTTP/1.1 204 No Content\r\n\r\n"), "").body).toBeNull();
});
