import { CRM_IDS, type Crm, type CrmEvent, type CrmId, type InboundRequest } from "@gpt-agent/core/crm/crm";
import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { crmInboundPlace } from "@gpt-agent/core/crm/crm-settings";
import type { Crms } from "@gpt-agent/core/crm/crms";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import type { SecretBox } from "@gpt-agent/core/secrets";
import { z } from "zod";
import type { ApiCall } from "./api-route.ts";
import { clientAddress, type TrustedProxies } from "./client-address.ts";
import { readBytes } from "./json-body.ts";
import type { Limiter } from "./limiter/limiter.ts";

/** Largest body of a webhook, in bytes. */
export const MAX_WEBHOOK_BYTES = 256 * 1024;
/** What the database keeps of an event's id and a contact's. */
const MAX_ID = 200;

export type WebhookDoor = {
  db: Db;
  crms: Crms;
  box: SecretBox;
  limiter: Limiter;
  /** The address that senders know us by: what they sign. */
  appUrl: string;
  trustedProxies: TrustedProxies;
};

/** A connection that takes events: it works, or will when somebody signs in again. */
const TAKES_EVENTS = ["ok", "failing", "unauthorized"];
const opened = z.object({
  orgId: z.uuid(),
  crm: z.enum(CRM_IDS),
  cloud: z.enum(["global", "ru"]),
  accountId: z.string(),
  status: z.string(),
  sealedInboundSecret: z.string().nullable(),
});

/** The same words whatever is wrong: an unknown connection, one that is paused, no secret, another's signature (T60). */
const refused = () => new AppError("unauthenticated", "The webhook is not signed as its sender signs.");
const away = (cause: unknown) =>
  new AppError("unavailable", "The webhook cannot be stored right now. Send it again.", { cause, retryAfter: 5 });

/**
 * Takes a webhook of a CRM in: verified on its raw bytes in the sender's own scheme, stored once for each event, worked on later.
 * @returns how many events were new
 * @throws AppError("not_found" | "unauthenticated" | "invalid_request" | "too_large" | "rate_limited" | "unavailable")
 */
export async function receiveWebhook(door: WebhookDoor, call: ApiCall): Promise<number> {
  const name = call.params.connectionId ?? "";
  const isConnection = z.uuid().safeParse(name).success;
  if (!isConnection && !isCrmName(name)) throw new AppError("not_found", "There is nothing at this address.");
  const url = new URL(call.request.url);
  const request: InboundRequest = {
    method: call.request.method,
    url: new URL(url.pathname + url.search, door.appUrl).href,
    headers: Object.fromEntries(call.request.headers),
    body: Buffer.from(await readBytes(call.request, MAX_WEBHOOK_BYTES)),
  };
  try {
    return isConnection ? await receiveForConnection(door, name, request) : await receiveForApp(door, name as CrmId, request);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "unauthenticated") throw error;
    // Whoever guesses is slowed down; who signs rightly never meets this limit.
    await door.limiter.enforce(["badWebhook", clientAddress(call.request, door.trustedProxies)]);
    throw error;
  }
}

const isCrmName = (name: string): boolean => (CRM_IDS as readonly string[]).includes(name);

/**
 * Takes the notice in that our app was removed from an account of a CRM: the account's connections are looked at anew, and say so where
 * they are not let in any more.
 * @returns how many are looked at
 * @throws AppError("not_found" | "unauthenticated" | "invalid_request" | "too_large" | "rate_limited" | "unavailable")
 */
export async function receiveRemoval(door: WebhookDoor, call: ApiCall): Promise<number> {
  const crm = door.crms.all().find(({ id }) => id === call.params.connectionId);
  const { oauth } = crm ?? {};
  if (!crm || !oauth?.removed) throw new AppError("not_found", "There is nothing at this address.");
  const notice: InboundRequest = {
    method: call.request.method,
    url: call.request.url,
    headers: Object.fromEntries(call.request.headers),
    body: Buffer.from(await readBytes(call.request, MAX_WEBHOOK_BYTES)),
  };
  for (const cloud of crm.clouds) {
    const app = door.crms.app(crm.id, cloud);
    const account = app && readable(() => oauth.removed!(notice, app));
    if (!account) continue;
    const { data, error } = await door.db.rpc("doubt_crm_account", { account_crm: crm.id, account });
    if (error) throw away(error);
    call.log.info("A CRM says that our app was removed", { crm: crm.id, connections: data });
    return data;
  }
  await door.limiter.enforce(["badWebhook", clientAddress(call.request, door.trustedProxies)]);
  throw refused();
}

/** One address for each connection, with a secret of its own. */
async function receiveForConnection(door: WebhookDoor, connectionId: string, request: InboundRequest): Promise<number> {
  const { data, error } = await door.db.rpc("open_connection", { connection: connectionId });
  if (error) throw away(error);
  const connection = opened.safeParse(data).data;
  const crm = connection && find(door.crms, connection.crm);
  if (!connection || !TAKES_EVENTS.includes(connection.status) || crm?.inbound?.address !== "connection") throw refused();
  const { orgId, cloud, accountId, sealedInboundSecret } = connection;
  const secret = {
    app: door.crms.app(crm.id, cloud),
    connection: sealedInboundSecret && door.box.open(sealedInboundSecret, crmInboundPlace(orgId, connectionId)),
    accountId,
  };
  if (!crm.inbound.verify(request, secret, Date.now())) throw refused();
  const events = eventsOf(crm, request).filter((event) => event.accountId === null || event.accountId === accountId);
  return store(door, connectionId, events);
}

/** One address for an app: its secret signs for every account, and the events say whose they are. */
async function receiveForApp(door: WebhookDoor, id: CrmId, request: InboundRequest): Promise<number> {
  const crm = find(door.crms, id);
  if (crm?.inbound?.address !== "app") throw refused();
  const { inbound } = crm;
  const isSigned = crm.clouds.some((cloud) => {
    const app = door.crms.app(id, cloud);
    return app !== null && inbound.verify(request, { app, connection: null, accountId: null }, Date.now());
  });
  if (!isSigned) throw refused();
  const events = eventsOf(crm, request);
  const accounts = [...new Set(events.flatMap(({ accountId }) => accountId ?? []))];
  if (accounts.length === 0) return 0;
  const { data, error } = await door.db
    .from("connections")
    .select("id, account_id")
    .eq("crm", id)
    .in("account_id", accounts)
    .in("status", TAKES_EVENTS);
  if (error) throw away(error);
  const stored = await Promise.allSettled(
    data.map((connection) =>
      store(
        door,
        connection.id,
        events.filter(({ accountId }) => accountId === connection.account_id),
      ),
    ),
  );
  // What was refused for one is sent again for all; the others know it already.
  const failed = stored.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return stored.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
}

function find(crms: Crms, id: CrmId): Crm | null {
  return crms.all().find((crm) => crm.id === id) ?? null;
}

function eventsOf(crm: Crm, request: InboundRequest): CrmEvent[] {
  const events = readable(() => crm.inbound!.events(request));
  const isShort = (id: string) => id.length > 0 && id.length <= MAX_ID;
  if (!events.every(({ id, contactId }) => isShort(id) && isShort(contactId))) throw unreadable();
  return events;
}

const unreadable = (cause?: unknown) =>
  new AppError("invalid_request", "The webhook's body is not what this CRM sends.", cause === undefined ? {} : { cause });

/** What an adapter reads in a request. @throws AppError("invalid_request") for what is not as the CRM documents it */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CrmError) throw unreadable(error);
    throw error;
  }
}

async function store(door: WebhookDoor, connectionId: string, events: CrmEvent[]): Promise<number> {
  await door.limiter.enforce(["crmWebhook", connectionId]);
  if (events.length === 0) return 0;
  const { data, error } = await door.db.rpc("receive_crm_events", {
    connection: connectionId,
    events: events.map(({ id, kind, contactId }) => ({ id, kind, contactId })),
  });
  if (error) throw away(error);
  return data;
}
