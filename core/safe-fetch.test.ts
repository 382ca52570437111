import type { LookupAddress } from "node:dns";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSafeFetch, type EgressOptions, type SafeRequest } from "./safe-fetch.ts";
import { INSIDES, LOOPBACK, NAMES } from "./test-addresses.ts";

type Seen = { method: string; path: string; headers: IncomingMessage["headers"]; body: string };

/** A server that counts who connects to it, on every address of this machine. */
async function startSink(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const counted = { connections: 0 };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method!, path: request.url!, headers: request.headers, body });
    answer(request, response);
  });
  server.on("connection", () => counted.connections++);
  await new Promise<void>((done) => server.listen(0, "::", done));
  const port = (server.address() as AddressInfo).port;
  return { server, seen, counted, port, origin: `http://127.0.0.1:${port}` };
}

const close = (server: Server) => {
  server.closeAllConnections();
  return new Promise((done) => server.close(done));
};

const names: Record<string, string[]> = {};
const lookups: string[] = [];
/** A resolver in the shape of dns.lookup that knows `names` alone. */
const lookup = ((hostname: string, _options: unknown, callback: (error: Error | null, addresses: LookupAddress[]) => void) => {
  lookups.push(hostname);
  const addresses = (names[hostname] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  if (addresses.length > 0) callback(null, addresses);
  else callback(Object.assign(new Error("not found"), { code: "ENOTFOUND" }), []);
}) as EgressOptions["lookup"];

let sink: Awaited<ReturnType<typeof startSink>>;
let other: Awaited<ReturnType<typeof startSink>>;
/** What the sink answers, by path. */
const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {};

beforeAll(async () => {
  sink = await startSink((request, response) => {
    const path = request.url!.split("?")[0]!;
    if (answers[path]) answers[path](request, response);
    else response.end("reached");
  });
  other = await startSink((_request, response) => response.end("elsewhere"));
});
afterAll(() => Promise.all([close(sink.server), close(other.server)]));
beforeEach(() => {
  sink.counted.connections = 0;
  sink.seen.length = 0;
  other.seen.length = 0;
  lookups.length = 0;
});

/** A fetch to which neither port nor plain http is an obstacle: only the address can be. */
const strict = () => createSafeFetch({ ports: [sink.port, 80, 443], lookup });
const lenient = () => createSafeFetch({ allow: [sink.origin, other.origin], lookup });
const outcome = (url: string, request: SafeRequest = {}) =>
  strict()(url, { allowHttp: true, timeoutMs: 2_000, ...request }).then(
    () => "answered",
    (error) => error.code as string,
  );

/** What is no address we dial at all. */
const NO_ADDRESS = [
  "file:///etc/passwd",
  "gopher://127.0.0.1:70/_",
  "ftp://127.0.0.1/",
  "dict://127.0.0.1:11211/",
  "data:text/plain,hello",
  "javascript:alert(1)",
  "ws://127.0.0.1/",
  "blob:https://example.com/1",
  "//127.0.0.1/",
  "/etc/passwd",
  "",
  "http://",
  "http://[::1",
  "http://[fe80::1%25lo]/",
  "http://256.1.1.1/",
  "http://exa mple.com/",
];
/** Userinfo, with which people fool parsers: T38. */
const USERINFO = ["http://user@127.0.0.1", "http://user:password@example.com", "https://example.com@127.0.0.1", "http://:p@127.0.0.1"];

describe("H13: no spelling of an inner address opens a connection", () => {
  test("T35: the sink counts, so that nothing is proved by a deaf one", async () => {
    for (const host of LOOPBACK) await (await fetch(`http://${host}:${sink.port}/`, { headers: { connection: "close" } })).text();
    expect(sink.counted.connections).toBeGreaterThanOrEqual(1);
    expect(sink.seen.length).toBe(LOOPBACK.length);
  });

  test("T35, T37, T38, T41: every form is refused without a connection", async () => {
    Object.assign(names, NAMES);
    const hosts = [...LOOPBACK, ...INSIDES, ...Object.keys(NAMES)];
    const refused = hosts.flatMap((host) => [`http://${host}:${sink.port}/`, `https://${host}:${sink.port}/`]);
    const forms = [...refused, ...NO_ADDRESS, ...USERINFO.map((url) => `${url}:${sink.port}/`)];
    expect(forms.length).toBeGreaterThanOrEqual(80);
    for (const url of refused) expect([url, await outcome(url)]).toEqual([url, url.includes("empty.") ? "unreachable" : "address_refused"]);
    for (const url of forms.slice(refused.length)) expect([url, await outcome(url)]).toEqual([url, "bad_url"]);
    expect(sink.counted.connections).toBe(0);
  });

  test("the system's own names are looked at too", async () => {
    const fetchIt = createSafeFetch({ ports: [sink.port] });
    await expect(fetchIt(`http://localhost:${sink.port}/`, { allowHttp: true })).rejects.toMatchObject({ code: "address_refused" });
    expect(sink.counted.connections).toBe(0);
  });

  test("T37: a name is resolved once for each dial, and what was checked is what is dialled", async () => {
    names["rebinding.example"] = ["10.0.0.1"];
    for (let dials = 1; dials <= 3; dials++) {
      expect(await outcome(`http://rebinding.example:${sink.port}/`)).toBe("address_refused");
      expect(lookups).toHaveLength(dials);
    }
  });

  test.each([301, 302, 303, 307, 308])("T36: a %i to an inner address is refused at the hop", async (status) => {
    Object.assign(names, NAMES);
    const guarded = createSafeFetch({ allow: [sink.origin], ports: [other.port], lookup });
    other.counted.connections = 0;
    for (const to of [`http://127.1:${other.port}/`, `http://localhost.example:${other.port}/`, `http://[::1]:${other.port}/`]) {
      answers["/hop"] = (_request, response) => response.writeHead(status, { location: to }).end();
      await expect(guarded(`${sink.origin}/hop`, { redirects: 5, allowHttp: true })).rejects.toMatchObject({ code: "address_refused" });
    }
    for (const to of ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/"]) {
      answers["/hop"] = (_request, response) => response.writeHead(status, { location: to }).end();
      await expect(guarded(`${sink.origin}/hop`, { redirects: 5, allowHttp: true })).rejects.toMatchObject({ code: "bad_url" });
    }
    expect(other.counted.connections).toBe(0);
  });
});

test("https only, and well-known ports only, unless the operator vouches for an origin", async () => {
  names["public.example"] = ["127.0.0.1"];
  const plain = createSafeFetch({ lookup });
  await expect(plain("http://public.example/")).rejects.toMatchObject({ code: "bad_url" });
  for (const port of [22, 25, 6379, 5432, sink.port]) {
    await expect(plain(`https://public.example:${port}/`)).rejects.toMatchObject({ code: "bad_url" });
  }
  expect(lookups).toEqual([]);
  // Exactly that origin: another port or another name of the same machine is not vouched for.
  expect((await lenient()(`${sink.origin}/ok`)).body.toString()).toBe("reached");
  await expect(lenient()(`http://127.0.0.1:${sink.port + 1}/`)).rejects.toMatchObject({ code: "bad_url" });
  await expect(lenient()(`http://localhost:${sink.port}/`)).rejects.toMatchObject({ code: "bad_url" });
});

describe("redirects", () => {
  test("are followed as browsers do, up to the cap", async () => {
    answers["/loop"] = (_request, response) => response.writeHead(302, { location: "/loop" }).end();
    await expect(lenient()(`${sink.origin}/loop`, { redirects: 50 })).rejects.toMatchObject({ code: "too_many_redirects" });
    expect(sink.seen).toHaveLength(6);
    answers["/not"] = (_request, response) => response.writeHead(302, { location: "/ok" }).end();
    expect((await lenient()(`${sink.origin}/not`)).status).toBe(302);
    sink.seen.length = 0;
    answers["/post"] = (_request, response) => response.writeHead(302, { location: "/got" }).end();
    answers["/kept"] = (_request, response) => response.writeHead(307, { location: "/put" }).end();
    const request: SafeRequest = { method: "POST", body: "{}", headers: { "content-type": "application/json" }, redirects: 2 };
    expect((await lenient()(`${sink.origin}/post`, request)).url).toBe(`${sink.origin}/got`);
    await lenient()(`${sink.origin}/kept`, request);
    expect(sink.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["POST", "/post", "{}"],
      ["GET", "/got", ""],
      ["POST", "/kept", "{}"],
      ["POST", "/put", "{}"],
    ]);
    expect(sink.seen[1]!.headers).not.toHaveProperty("content-type");
  });

  test("take no secret to another origin", async () => {
    answers["/away"] = (_request, response) => response.writeHead(302, { location: `${other.origin}/` }).end();
    answers["/stay"] = (_request, response) => response.writeHead(302, { location: "/home" }).end();
    const headers = { Authorization: "Bearer s3cret", "X-Api-Key": "s3cret", "X-Shop": "s3cret", "Accept-Language": "ru" };
    const request: SafeRequest = { headers, secretHeaders: ["x-shop"], redirects: 3 };
    await lenient()(`${sink.origin}/away`, request);
    await lenient()(`${sink.origin}/stay`, request);
    expect(JSON.stringify(other.seen)).not.toContain("s3cret");
    expect(other.seen[0]!.headers["accept-language"]).toBe("ru");
    expect(sink.seen.at(-1)!.headers).toMatchObject({ authorization: "Bearer s3cret", "x-api-key": "s3cret", "x-shop": "s3cret" });
  });
});

test("says honestly who calls, keeps no cookies, sets no header of the connection", async () => {
  answers["/cookie"] = (_request, response) => response.setHeader("set-cookie", "a=b").end("x");
  const answer = await lenient()(`${sink.origin}/cookie`, { headers: { accept: "text/html" } });
  expect(answer.headers).not.toHaveProperty("set-cookie");
  await lenient()(`${sink.origin}/cookie`);
  expect(sink.seen[1]!.headers).not.toHaveProperty("cookie");
  expect(sink.seen[0]!.headers["user-agent"]).toMatch(/^GPT-Agent-Platform\//);
  for (const name of ["Host", "Cookie", "Transfer-Encoding", "content-length", "Proxy-Authorization", "bad name", ""]) {
    await expect(lenient()(sink.origin, { headers: { [name]: "x" } })).rejects.toMatchObject({ code: "bad_header" });
  }
  for (const value of ["a\r\nx-evil: 1", "a\nb", "\u0000", "я"]) {
    await expect(lenient()(sink.origin, { headers: { "x-a": value } })).rejects.toMatchObject({ code: "bad_header" });
  }
});

describe("bodies", () => {
  const packed = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

  test.each(Object.entries(packed))("%s is unpacked, and a bomb is cut where it has unpacked to the limit", async (encoding, pack) => {
    answers["/small"] = (_request, response) => response.setHeader("content-encoding", encoding).end(pack(Buffer.from("привет")));
    expect((await lenient()(`${sink.origin}/small`)).body.toString()).toBe("привет");
    const bomb = pack(Buffer.alloc(4_000_000));
    answers["/bomb"] = (_request, response) => response.setHeader("content-encoding", encoding).end(bomb);
    const cut = await lenient()(`${sink.origin}/bomb`, { maxBytes: 100_000 });
    expect(cut.body).toHaveLength(100_000);
    expect(cut.truncated).toBe(true);
  });

  test("an endless one is cut, a mispacked one and one that breaks off are told apart", async () => {
    answers["/endless"] = (_request, response) => {
      const pour = () => {
        while (response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", pour);
      pour();
    };
    const cut = await lenient()(`${sink.origin}/endless`, { maxBytes: 1_000 });
    expect([cut.body.length, cut.truncated]).toEqual([1_000, true]);
    answers["/mispacked"] = (_request, response) => response.setHeader("content-encoding", "gzip").end("no gzip");
    await expect(lenient()(`${sink.origin}/mispacked`)).rejects.toMatchObject({ code: "unreadable" });
    answers["/twice"] = (_request, response) => response.setHeader("content-encoding", "gzip, gzip").end("x");
    await expect(lenient()(`${sink.origin}/twice`)).rejects.toMatchObject({ code: "unreadable" });
    for (const headers of [{}, { "content-encoding": "gzip" }]) {
      answers["/breaks"] = (_request, response) => {
        response.writeHead(200, { ...headers, "content-length": "100" });
        response.write(gzipSync(Buffer.from("half")).subarray(0, 12), () => response.destroy());
      };
      await expect(lenient()(`${sink.origin}/breaks`)).rejects.toMatchObject({ code: "unreachable" });
    }
  });

  test("a silent and a dripping one end with the time, an abort at once; no connection is left", async () => {
    answers["/silent"] = () => {};
    await expect(lenient()(`${sink.origin}/silent`, { timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
    answers["/drip"] = (_request, response) => {
      const timer = setInterval(() => response.write("."), 10);
      response.on("close", () => clearInterval(timer));
    };
    await expect(lenient()(`${sink.origin}/drip`, { timeoutMs: 100 })).rejects.toMatchObject({ code: "timeout" });
    const leaving = new AbortController();
    const reason = new Error("left");
    const calls = ["/silent", "/drip"].map((path) => lenient()(`${sink.origin}${path}`, { signal: leaving.signal }));
    await sleep(50);
    leaving.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    await expect(lenient()(`${sink.origin}/`, { signal: leaving.signal })).rejects.toBe(reason);
    await expect.poll(() => new Promise((done) => sink.server.getConnections((_error, count) => done(count)))).toBe(0);
  });
});
