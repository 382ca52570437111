import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { CrmApp, CrmGrant, CrmValue, InboundRequest } from "../../../core/crm/crm.ts";

/** A person in a fake CRM, in words of our own; each fake writes it in its CRM's shape. */
export type FakeContact = {
  id: string;
  name: string;
  email: string | null;
  phone: string | null;
  /** By the CRM's own keys. */
  fields: Record<string, CrmValue>;
  tags: string[];
  createdAt: number;
  updatedAt: number;
  deleted: boolean;
};
export type FakeDeal = {
  id: string;
  contactId: string;
  title: string;
  fields: Record<string, CrmValue>;
  tags: string[];
  createdAt: number;
};
export type FakeNote = { id: string; contactId: string; text: string; createdAt: number };

/** What a fake's route is given: the body read, the URL parsed. */
export type FakeCall = {
  method: string;
  url: URL;
  headers: IncomingMessage["headers"];
  /** Parsed by content type: JSON, or a form as a flat object. */
  body: unknown;
  raw: Buffer;
};
/** `html` is a page, such as that of a consent, instead of JSON. */
export type FakeAnswer = { status?: number; headers?: Record<string, string>; json?: unknown; html?: string };

/** A limit as the CRM documents it: never more than `count` requests in any window of `ms`, or a bucket that leaks. */
export type FakeLimit = { count: number; ms: number } | { bucket: number; leaksPerSecond: number };

type Seen = { at: number; method: string; path: string; status: number };

/** What every fake CRM offers to tests, whatever its protocol. */
export type FakeCrm = {
  /** Its origin; all of its hosts (sign-in, tokens, API) are this one. */
  url: string;
  app: CrmApp;
  account: { externalId: string; name: string };
  /** A private token (or inbound-webhook URL) that is taken, and the domain that goes with it. */
  token: string;
  domain: string | null;
  /** A grant that is taken. */
  grant(): CrmGrant;
  /**
   * Does what a person does at the sign-in page: takes the authorize URL, says yes, returns the parameters that come back to the
   * redirect address.
   */
  authorize(authorizeUrl: string): Promise<URLSearchParams>;
  /** Access tokens are refused from now on; refresh tokens still work. */
  expireTokens(): void;
  /** Everything is refused from now on. */
  revokeAll(): void;
  contacts: Map<string, FakeContact>;
  deals: Map<string, FakeDeal>;
  notes: Map<string, FakeNote>;
  /** Adds a person as somebody in the CRM would. */
  addContact(contact: Partial<FakeContact>): FakeContact;
  /** Changes a person as somebody in the CRM would. */
  change(id: string, change: Partial<FakeContact>): void;
  /**
   * Webhooks of the real scheme that tell of changes, as many requests as the CRM makes of them; `url` is the address they are sent to.
   * null where the CRM sends none.
   */
  webhook:
    | ((given: { url: string; secret: string; contactIds: string[]; kind: "changed" | "deleted"; at?: number }) => InboundRequest[])
    | null;
  requests: Seen[];
  /** How often our own calls went past the documented limit. */
  breaches(): number;
  /** Faults on demand: the next API requests are answered by these, first to last. */
  failNext(...answers: FakeAnswer[]): void;
  /** Every so many API requests fail (0.02 is 2 %), by a seeded chance: the same in each run. 429 carry Retry-After. */
  failRandomly(rates: { tooMany: number; broken: number }): void;
  /** Every API request takes so long, in milliseconds. */
  takeTime(ms: number): void;
  /** The next writing request is carried out, but its answer is lost: the socket is closed. */
  loseNextAnswer(): void;
  close(): Promise<void>;
};

/** The shared half of a fake: a server on a free loopback port, the store, faults, the count of the limit. */
export async function startFakeServer(options: {
  /** The limit that is counted and enforced, with 429. */
  limit: FakeLimit;
  /** Which paths count as the API: faults and the limit touch these alone, not sign-in. */
  isApi(path: string): boolean;
  /** The answer of a limit that was passed; Retry-After in seconds. */
  tooMany?: FakeAnswer;
  /** Which requests write, where the method does not tell; of these alone an answer is lost. */
  isWrite?(call: FakeCall): boolean;
  handle(call: FakeCall): FakeAnswer | Promise<FakeAnswer>;
}): Promise<
  Pick<
    FakeCrm,
    | "url"
    | "contacts"
    | "deals"
    | "notes"
    | "requests"
    | "addContact"
    | "change"
    | "breaches"
    | "failNext"
    | "failRandomly"
    | "takeTime"
    | "loseNextAnswer"
    | "close"
  > & {
    /** A fresh id. */
    nextId(): string;
  }
> {
  const contacts = new Map<string, FakeContact>();
  const requests: Seen[] = [];
  const planned: FakeAnswer[] = [];
  let rates = { tooMany: 0, broken: 0 };
  let loseNext = false;
  let takesMs = 0;
  let breaches = 0;
  let lastId = 1000;
  let recent: number[] = [];
  const random = seeded(20261126);
  const tooMany: FakeAnswer = options.tooMany ?? { status: 429, headers: { "retry-after": "1" }, json: { message: "Too many requests" } };

  let level = 0;
  let leakedAt = Date.now();
  function limited(): boolean {
    const now = Date.now();
    if ("bucket" in options.limit) {
      level = Math.max(0, level - ((now - leakedAt) / 1000) * options.limit.leaksPerSecond);
      leakedAt = now;
      if (level + 1 > options.limit.bucket) {
        breaches++;
        return true;
      }
      level++;
      return false;
    }
    const { count, ms } = options.limit;
    recent = recent.filter((at) => at > now - ms);
    if (recent.length >= count) {
      breaches++;
      return true;
    }
    recent.push(now);
    return false;
  }

  function fault(): FakeAnswer | null {
    const next = planned.shift();
    if (next) return next;
    const chance = random();
    if (chance < rates.tooMany) return tooMany;
    if (chance < rates.tooMany + rates.broken) return { status: 500, json: { message: "Internal error" } };
    return null;
  }

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", origin());
    const method = request.method ?? "GET";
    const isApi = options.isApi(url.pathname);
    const call: FakeCall = { method, url, headers: request.headers, raw, body: null };
    let answer: FakeAnswer;
    try {
      call.body = parsed(request, raw);
      const refused = isApi && (limited() ? tooMany : fault());
      if (isApi && takesMs > 0) await sleep(takesMs);
      answer = refused || (await options.handle(call));
    } catch (error) {
      answer = { status: 500, json: { message: `The fake failed: ${String(error)}` } };
    }
    requests.push({ at: Date.now(), method, path: url.pathname, status: answer.status ?? 200 });
    const isWrite = options.isWrite?.(call) ?? method !== "GET";
    if (isApi && loseNext && isWrite && (answer.status ?? 200) < 300) {
      loseNext = false;
      request.socket.destroy();
      return;
    }
    const type = answer.html === undefined ? "application/json" : "text/html; charset=utf-8";
    response.writeHead(answer.status ?? 200, { "content-type": type, ...answer.headers });
    response.end(answer.html ?? (answer.json === undefined ? "" : JSON.stringify(answer.json)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const nextId = () => String(++lastId);
  let clock = 0;
  /** Strictly rising, so that "changed since" has one answer. */
  const now = () => {
    clock = Math.max(clock + 1, Date.now());
    return clock;
  };

  return {
    url: origin(),
    contacts,
    deals: new Map(),
    notes: new Map(),
    requests,
    nextId,
    addContact(given) {
      const at = now();
      const contact: FakeContact = {
        id: nextId(),
        name: "Somebody",
        email: null,
        phone: null,
        fields: {},
        tags: [],
        createdAt: at,
        updatedAt: at,
        deleted: false,
        ...given,
      };
      contacts.set(contact.id, contact);
      return contact;
    },
    change(id, change) {
      const contact = contacts.get(id);
      if (!contact) throw new Error(`The fake has no contact ${id}`);
      Object.assign(contact, change, { updatedAt: now() });
    },
    breaches: () => breaches,
    failNext: (...answers) => void planned.push(...answers),
    failRandomly: (given) => {
      rates = given;
    },
    takeTime: (ms) => {
      takesMs = ms;
    },
    loseNextAnswer: () => {
      loseNext = true;
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function parsed(request: IncomingMessage, raw: Buffer): unknown {
  const type = request.headers["content-type"] ?? "";
  if (raw.length === 0) return null;
  if (type.includes("json")) return JSON.parse(raw.toString("utf8"));
  if (type.includes("form-urlencoded")) return Object.fromEntries(new URLSearchParams(raw.toString("utf8")));
  return raw.toString("utf8");
}

/** Mulberry32: small, seeded, good enough for faults. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
