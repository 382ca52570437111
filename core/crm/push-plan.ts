import { ourValues, searchKeys } from "./contact-of.ts";
import { contactPlan, type PlannedContact, type PlannedLine } from "./contact-plan.ts";
import type { ContactKey, CrmContact, CrmId, CrmValue } from "./crm.ts";
import type { CrmSettings } from "./crm-settings.ts";
import { defaultFields } from "./default-fields.ts";
import { dealTitle, markOf, summaryText, transcriptText } from "./note-texts.ts";
import type { PushFacts } from "./push-facts.ts";

export type PlannedDeal = { title: string; mark: string; fields: Record<string, CrmValue>; tags: string[]; lines: PlannedLine[] };
export type PlannedNote = { object: "summary" | "transcript"; mark: string; text: string };

/** Exactly what is going to be written for a conversation. */
export type PushPlan = {
  /** How the person is looked for, in this order; empty: nobody is known, and nothing is written. */
  find: ContactKey[];
  contact: PlannedContact | null;
  /** Not written again once it is there, but for the rule "ours". */
  deal: PlannedDeal | null;
  notes: PlannedNote[];
};

export type PlanGiven = {
  crm: CrmId;
  settings: CrmSettings;
  /** The portal's public address, for links. */
  appUrl: string;
};

/** The keys of a contact that must be read before its plan can be made, and kept when contacts come in. */
export const keysToRead = (crm: CrmId, settings: CrmSettings): string[] => [
  ...new Set([...settings.fields, ...defaultFields(crm)].filter(({ object }) => object === "contact").map(({ theirs }) => theirs)),
];

/** The keys of the fields that come in. */
export const keysToKeep = (settings: CrmSettings): string[] => [
  ...new Set(settings.fields.filter(({ object, direction }) => object === "contact" && direction !== "out").map(({ theirs }) => theirs)),
];

/**
 * Plans what a conversation comes to in a CRM. Pure: the worker carries it out, the portal shows it before anything is written.
 * @param facts what is known of the conversation (the SQL function crm_push_facts)
 * @param existing the contact as the CRM has it now, read with keysToRead; null when there is none yet
 */
export function planPush(facts: PushFacts, given: PlanGiven, existing: CrmContact | null): PushPlan {
  const { crm, settings, appUrl } = given;
  const find = searchKeys(facts).map(({ typed: _, ...key }) => key);
  if (find.length === 0 && !existing) return { find, contact: null, deal: null, notes: [] };
  const values = ourValues(facts, given);
  const notes: PlannedNote[] = [];
  if (settings.write.summaryNote)
    notes.push({ object: "summary", mark: markOf(facts, appUrl, "summary"), text: summaryText(facts, given) });
  if (settings.write.transcriptNote)
    notes.push({ object: "transcript", mark: markOf(facts, appUrl, "transcript"), text: transcriptText(facts, given) });
  return {
    find,
    contact: contactPlan(values, { crm, settings }, existing),
    deal: settings.write.deal ? dealPlan(facts, given, values) : null,
    notes,
  };
}

function dealPlan(facts: PushFacts, { settings, appUrl }: PlanGiven, values: ReturnType<typeof ourValues>): PlannedDeal {
  const lines = settings.fields.flatMap(({ object, ours, theirs, label, direction }): PlannedLine[] => {
    if (object !== "deal" || direction === "in" || !ours) return [];
    const after = values[ours]?.value ?? null;
    return [{ ours, theirs, label, before: null, after, outcome: after === null ? "nothing" : "write" }];
  });
  return {
    title: dealTitle(facts, appUrl),
    mark: markOf(facts, appUrl, "deal"),
    fields: Object.fromEntries(lines.filter(({ outcome }) => outcome === "write").map(({ theirs, after }) => [theirs, after])),
    tags: settings.write.tags,
    lines,
  };
}
