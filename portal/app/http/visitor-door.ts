import { type AgentSettings, agentSettings } from "@gpt-agent/core/agent-settings";
import type { Db } from "@gpt-agent/core/db";
import { AppError } from "@gpt-agent/core/errors";
import type { Log } from "@gpt-agent/core/log";
import { publicAgentId } from "./params.ts";

/** An agent as its door sees it: who it is, how it looks, whose pages may come in. */
export type Door = {
  agentId: string;
  orgId: string;
  publicId: string;
  name: string;
  status: "live" | "paused";
  settings: AgentSettings;
  origins: string[];
};

/** How long an answer of the database is believed, in milliseconds: so soon does a removed origin stop working everywhere. */
const FRESH_MS = 1_000;
const MAX_ENTRIES = 5_000;

/** Values that are asked for again after a second; callers at the same time share one question. */
function briefly<V>(ask: (key: string) => Promise<V>) {
  const known = new Map<string, { value: Promise<V>; until: number }>();
  return (key: string): Promise<V> => {
    const entry = known.get(key);
    if (entry && entry.until > Date.now()) return entry.value;
    if (known.size >= MAX_ENTRIES) known.clear();
    const value = ask(key);
    known.set(key, { value, until: Date.now() + FRESH_MS });
    value.catch(() => known.delete(key));
    return value;
  };
}

const unavailable = (cause: unknown) =>
  new AppError("unavailable", "The agent cannot be looked up right now. Please try again.", { cause, retryAfter: 5 });

/**
 * The portal's own origins: APP_URL's, and on a loopback address its other names too, as people type either.
 * "http://localhost:3000" and "http://127.0.0.1:3000" are one portal.
 */
export function ownOrigins(appUrl: string): string[] {
  const { origin, hostname, protocol, port } = new URL(appUrl);
  const names = ["localhost", "127.0.0.1", "[::1]"];
  return names.includes(hostname) ? names.map((name) => `${protocol}//${name}${port ? `:${port}` : ""}`) : [origin];
}

/**
 * Which pages may talk to which agent. An origin is compared exactly, as browsers send it: scheme, host and port; other
 * case, a trailing dot, "null", a subdomain or anything else that is not on the list is another origin. The portal's own
 * origin may talk to every agent (preview, playground, demo).
 */
export function visitorDoor(db: Db, own: string[], log: Log) {
  const isOwn = (origin: string) => own.includes(origin);
  const lookUp = briefly(async (publicId: string): Promise<Door | null> => {
    if (!publicAgentId.safeParse(publicId).success) return null;
    const { data, error } = await db.rpc("visitor_agent", { public_agent_id: publicId });
    if (error) throw unavailable(error);
    const row = data[0];
    if (!row) return null;
    const settings = agentSettings.safeParse(row.settings);
    if (!settings.success)
      log.warn("an agent's settings cannot be read, using the defaults", { agentId: row.agent_id, error: settings.error });
    return {
      agentId: row.agent_id,
      orgId: row.org_id,
      publicId: row.public_id,
      name: row.name,
      status: row.status === "paused" ? "paused" : "live",
      settings: settings.data ?? agentSettings.parse({}),
      origins: row.origins,
    };
  });
  const isListed = briefly(async (origin: string): Promise<boolean> => {
    const { data, error } = await db.rpc("is_listed_origin", { origin });
    if (error) throw unavailable(error);
    return data;
  });
  /** What a browser can send as a page's origin; nothing else is looked up. */
  const isWebOrigin = (origin: string) => origin.length <= 300 && /^https?:\/\/[a-z0-9.\-[\]:]+$/.test(origin);

  return {
    /** Is this the portal itself? */
    isOwn,
    /** The agent with this public id. @throws AppError("not_found") */
    async find(publicId: string): Promise<Door> {
      const door = await lookUp(publicId);
      if (!door) throw new AppError("not_found", "There is no such agent.");
      return door;
    },
    admits: (door: Door, origin: string): boolean => isOwn(origin) || door.origins.includes(origin),
    /** May a page of this origin read answers that name no agent (preflights, errors)? Yes when any agent lists it. */
    isKnown: async (origin: string): Promise<boolean> => isOwn(origin) || (isWebOrigin(origin) && (await isListed(origin))),
  };
}
export type VisitorDoor = ReturnType<typeof visitorDoor>;
