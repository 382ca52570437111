import { createHash } from "node:crypto";
import type { CrmContact, CrmWritten } from "@gpt-agent/core/crm/crm";
import { CrmError } from "@gpt-agent/core/crm/crm-error";
import { Postponed } from "@gpt-agent/core/crm/postponed";
import { pushFacts } from "@gpt-agent/core/crm/push-facts";
import { keysToRead, type PlannedNote, type PushPlan, planPush } from "@gpt-agent/core/crm/push-plan";
import type { CrmDeps, CrmSession } from "@gpt-agent/core/crm/session";
import { z } from "zod";
import { PermanentFailure } from "../queue/job-queue.ts";
import { type LinkKind, linkRow, PushLinks } from "./push-links.ts";
import type { Verdict } from "./verdict.ts";
import { postponeJob, type Turn, withConnection } from "./with-connection.ts";

const begun = z.discriminatedUnion("state", [
  z.object({ state: z.enum(["gone", "ended", "stopped"]) }),
  z.object({ state: z.literal("busy"), orgId: z.uuid(), waitMs: z.number() }),
  z.object({
    state: z.literal("begun"),
    orgId: z.uuid(),
    connectionId: z.uuid(),
    asked: z.number().int(),
    facts: pushFacts,
    links: z.array(linkRow),
    visitorContact: z.string().nullable(),
  }),
]);
type Begun = Extract<z.infer<typeof begun>, { state: "begun" }>;

/** For the list of pushes: what became of each record, never with which words. */
type Wrote = Partial<Record<LinkKind, "created" | "updated" | "same">>;

/**
 * Writes a conversation to a CRM: contact, deal, notes, each once, however often and wherever this is cut short. Each record is announced in
 * crm_links before it is made; an announcement without an id is a creation of which nothing was heard, and the record is looked for first.
 * What has not changed since is not written again.
 */
export async function pushConversation(pushId: string, deps: CrmDeps, turn: Turn): Promise<void> {
  const { data, error } = await deps.db.rpc("begin_crm_push", { push: pushId, job: turn.id });
  if (error) throw error;
  const parsed = begun.safeParse(data);
  if (!parsed.success) throw new PermanentFailure(`A push is malformed: ${parsed.error.message}`);
  const push = parsed.data;
  const job = { name: "crm.push" as const, payload: { pushId } };
  if (push.state === "busy") return postponeJob(deps, { orgId: push.orgId, ...job, after: turn.id, waitMs: push.waitMs });
  if (push.state !== "begun") return;
  const end = async (ending: string, code: string | null, detail: string | null, wrote: Wrote | null = null) => {
    const ended = await deps.db.rpc("end_crm_push", { push: pushId, job: turn.id, ending, seen: push.asked, code, detail, wrote });
    if (ended.error) throw ended.error;
  };
  await withConnection(
    {
      connectionId: push.connectionId,
      job,
      async run(session) {
        const links = new PushLinks(pushId, turn.id, deps.db, session, push.links);
        const wrote = await carryOut(push, session, links, deps.appUrl);
        await (wrote ? end("done", null, null, wrote) : end("skipped", "nobody", null));
      },
      settle: (verdict) => end(endingOf(verdict), verdict.code, verdict.detail),
    },
    deps,
    turn,
  );
}

const endingOf = ({ kind }: Verdict): string => (kind === "refused" || kind === "given_up" ? "failed" : "pending");

/** @returns what was written; null when nothing is known of the person */
async function carryOut(push: Begun, session: CrmSession, links: PushLinks, appUrl: string): Promise<Wrote | null> {
  const { crm, settings } = session.connection;
  const given = { crm, settings, appUrl };
  const existing = await findContact(push, session, links, planPush(push.facts, given, null).find);
  const plan = planPush(push.facts, given, existing);
  if (!plan.contact) return null;
  const wrote: Wrote = {};
  const contactId = await writeContact(plan, existing, session, links, wrote);
  if (plan.deal) await writeDeal(plan.deal, contactId, session, links, wrote);
  for (const note of plan.notes) await writeNote(note, contactId, session, links, wrote);
  return wrote;
}

/** The contact that is linked, else of the same verified visitor, else whoever is found by what is known. */
async function findContact(push: Begun, session: CrmSession, links: PushLinks, find: PushPlan["find"]): Promise<CrmContact | null> {
  const keys = keysToRead(session.connection.crm, session.connection.settings);
  const linked = links.of("contact")?.externalId;
  for (const id of [linked, push.visitorContact]) {
    const contact = id ? await session.crm.get(session.call, id, keys) : null;
    if (contact) return contact;
  }
  // Somebody deleted it there, and what hung on it with it.
  if (linked) await links.drop("contact", "deal", "summary", "transcript");
  for (const key of find) {
    const contact = await session.crm.find(session.call, key, keys);
    if (contact) return contact;
  }
  return null;
}

async function writeContact(
  plan: PushPlan,
  existing: CrmContact | null,
  session: CrmSession,
  links: PushLinks,
  wrote: Wrote,
): Promise<string> {
  const { fields, tags } = plan.contact!;
  const hash = hashOf([fields, tags]);
  const write = (externalId: string | null) => session.crm.write(session.call, { object: "contact", externalId, fields, tags });
  if (!existing) {
    await links.announce("contact");
    const made = await write(null).catch(async (error: unknown) => {
      // What surely was not made is not announced any more: whoever is found next time is not ours.
      if (!isUnsure(error)) await links.drop("contact");
      throw error;
    });
    await links.made("contact", made, { ours: true, hash });
    wrote.contact = "created";
    return made.externalId;
  }
  const link = links.of("contact");
  // An announced creation that is found now was ours.
  const ours = link !== undefined && link.externalId === null;
  const written = { externalId: existing.externalId, url: existing.url };
  const needed = Object.keys(fields).length > 0 || (tags.length > 0 && !link?.pushedHash);
  const isSame = !needed || link?.pushedHash === hash;
  if (!isSame) await write(existing.externalId);
  await links.made("contact", written, { ours, hash: isSame ? null : hash });
  wrote.contact = ours ? "created" : isSame ? "same" : "updated";
  return existing.externalId;
}

async function writeDeal(
  { title, mark, fields, tags }: NonNullable<PushPlan["deal"]>,
  contactId: string,
  session: CrmSession,
  links: PushLinks,
  wrote: Wrote,
): Promise<void> {
  const write = (externalId: string | null) =>
    session.crm.write(session.call, { object: "deal", externalId, contactId, title, fields, tags });
  // People work with deals: once it is there, only the rule "ours" goes over it again.
  const rewrites = session.connection.settings.conflict === "ours";
  wrote.deal = await writeMarked("deal", { contactId, mark, hash: hashOf([title, fields, tags]), rewrites, write }, session, links);
}

async function writeNote(note: PlannedNote, contactId: string, session: CrmSession, links: PushLinks, wrote: Wrote): Promise<void> {
  const write = (externalId: string | null) => session.crm.write(session.call, { object: "note", externalId, contactId, text: note.text });
  const given = { contactId, mark: note.mark, hash: hashOf(note.text), rewrites: true, write };
  wrote[note.object] = await writeMarked(note.object, given, session, links);
}

async function writeMarked(
  kind: "deal" | "summary" | "transcript",
  given: { contactId: string; mark: string; hash: string; rewrites: boolean; write(externalId: string | null): Promise<CrmWritten> },
  session: CrmSession,
  links: PushLinks,
): Promise<"created" | "updated" | "same"> {
  const { contactId, mark, hash, rewrites, write } = given;
  const link = links.of(kind);
  if (link?.externalId) {
    if (link.pushedHash === hash || (!rewrites && link.pushedHash)) return "same";
    try {
      await links.made(kind, await write(link.externalId), { ours: link.ours, hash });
      return "updated";
    } catch (error) {
      if (!(error instanceof CrmError) || error.code !== "not_found") throw error;
      // Somebody removed it: they don't want it, and a changed one would only come back.
      return "same";
    }
  }
  if (link) {
    const object = kind === "deal" ? "deal" : "note";
    const lost = await session.crm.findMarked(session.call, object, { contactId, marker: mark });
    if (lost) {
      // What it says may be of an earlier moment.
      await links.made(kind, rewrites ? await write(lost.externalId) : lost, { ours: true, hash });
      return "created";
    }
  } else await links.announce(kind);
  await links.made(kind, await write(null), { ours: true, hash });
  return "created";
}

/** Whether a request may have been carried out although it failed. */
const isUnsure = (error: unknown): boolean =>
  !(error instanceof Postponed) && (!(error instanceof CrmError) || error.code === "unavailable" || error.code === "malformed");

const hashOf = (content: unknown): string => createHash("sha256").update(JSON.stringify(content)).digest("hex");
