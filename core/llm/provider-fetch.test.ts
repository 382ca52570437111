import { randomBytes } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readEventData } from "./event-data.ts";
import { bodyOf, providerFetch } from "./provider-fetch.ts";

/** A key of this test's alone and its certificate for localhost, as PKCS #12 without a password. */
const LOCALHOST = Buffer.from(
  "MIIDswIBAzCCA2kGCSqGSIb3DQEHAaCCA1oEggNWMIIDUjCCAgkGCSqGSIb3DQEHAaCCAfoEggH2MIIB8jCCAe4GCyqGSIb3DQEMCgEDoIIBtjCCAbIGCiqGSIb3DQEJFgGgggGiBIIBnjCCAZowggFBoAMCAQICFGKkPt3pVGoajK5NNw0cjtlNUKUjMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDAgFw0yNjExMjgwMTI4NDlaGA8yMTI2MTEwNDAxMjg0OVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwsJhjwRxuZY+Ylu9fGPVDaDjOwQlplX5dWdwtjKTyajPPkA9PTxQhkELHSpFcsbFplww81sBu04eOspnzeXcPaNvMG0wHQYDVR0OBBYEFFlV2NQOQ4ezOgZSlfHzpkUiBBRlMB8GA1UdIwQYMBaAFFlV2NQOQ4ezOgZSlfHzpkUiBBRlMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0cAMEQCIBml698qG3HI5ZrgwfsjckphR9xWvxYpDc4sd9SQUfKFAiA3o0CGzI8sLtoIvrYhEX7CIqqeKyw55mEbd4qMX8vKjzElMCMGCSqGSIb3DQEJFTEWBBS8M27ZIxNmoydLeiyjSRTcM6RPjzCCAUEGCSqGSIb3DQEHAaCCATIEggEuMIIBKjCCASYGCyqGSIb3DQEMCgECoIHvMIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgxmjMSOm3ACQICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEB4sT85oeO8MoEC7dNyllsQEgZCOn+TPKyndtTdCBNfNu58A0W25guJ94hOJsMACNfjj37RQsLLwNAWMexze2Hep1BBwBRYYKDenJ6h2bOW6H1takGwA2AW6rvW9gK6T+v74UZHuZV3c5CvbBvWIaWYrvpAtbeJIOyKXm0FS8424rANBiJ7y0Faah8SM9NmZVB6UdZempkui3b+nt2nn3L1NrDIxJTAjBgkqhkiG9w0BCRUxFgQUvDNu2SMTZqMnS3oso0kU3DOkT48wQTAxMA0GCWCGSAFlAwQCAQUABCDro4cGhK/cEK7vdaCJJE2MAegEBPAZXCkIw5J93FlhUQQIGa5uGA1EDykCAggA",
  "base64",
);

const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves on loopback. Returns the address, and the sockets that have been accepted. */
async function serve(scheme: string, answer: RequestListener): Promise<{ url: string; sockets: Socket[] }> {
  const server = scheme === "https" ? createTlsServer({ pfx: LOCALHOST, passphrase: "" }, answer) : createServer(answer);
  servers.push(server);
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // Whose certificate it is, is for Node's own client to check, as ever.
  if (scheme === "https") vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  return { url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

/** What an answer says, read to its end. */
async function dataOf(url: string): Promise<string[]> {
  const data: string[] = [];
  await readEventData(bodyOf(await providerFetch(url)), {
    read: (events) => {
      data.push(...events);
      return false;
    },
  });
  return data;
}

describe.each(["http", "https"])("an answer over %s", (scheme) => {
  it("comes whole, in its order, together with its head or in many pieces", async () => {
    const words = Array.from({ length: 2_000 }, (_, n) => `слово ${n} ${"🙂".repeat(n % 40)}`);
    const body = Buffer.from(`${words.map((word) => `data: ${word}\n\n`).join("")}data: [DONE]\n\n`);
    const { url, sockets } = await serve(scheme, async (request, response) => {
      response.writeHead(200);
      const step = request.url === "/whole" ? body.length : 997;
      for (let at = 0; at < body.length; at += step) {
        response.write(body.subarray(at, at + step));
        if (at % 10 === 0) await sleep(1);
      }
      response.end();
    });
    const read = await Promise.all(["whole", "pieces", "pieces"].map((path) => dataOf(url + path)));
    for (const data of read) expect(data).toEqual([...words, "[DONE]"]);
    // One that is complete leaves its connection to the next.
    await sleep(20);
    expect(await dataOf(`${url}whole`)).toHaveLength(words.length + 1);
    expect(sockets).toHaveLength(3);
  });

  it("that breaks off fails", async () => {
    const { url, sockets } = await serve(scheme, (_, response) => {
      response.writeHead(200);
      response.write("data: one\n\n");
      setTimeout(() => sockets[0]!.destroy(), 20);
    });
    await expect(dataOf(url)).rejects.toMatchObject({ message: "aborted", code: "ECONNRESET" });
  });

  it("to a connection that the other side has closed meanwhile comes over a new one", async () => {
    const { url, sockets } = await serve(scheme, (_, response) => response.end("data: one\n\n"));
    expect(await dataOf(url)).toEqual(["one"]);
    sockets[0]!.destroy();
    await sleep(50);
    expect(await dataOf(url)).toEqual(["one"]);
  });

  it("of an error is read up to what an error needs", async () => {
    const { url } = await serve(scheme, (request, response) => {
      response.writeHead(500, "No");
      response.end(request.url === "/small" ? '{"error":"no"}' : randomBytes(8 * 1024 * 1024));
    });
    const small = await providerFetch(`${url}small`);
    expect([small.status, await small.json()]).toEqual([500, { error: "no" }]);
    expect(await (await providerFetch(url)).text()).toBe("");
  });
});

it("an endpoint whose certificate nobody vouches for is not asked", async () => {
  let asked = 0;
  const { url } = await serve("https", () => {
    asked++;
  });
  vi.unstubAllEnvs();
  await expect(providerFetch(url)).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  expect(asked).toBe(0);
});
