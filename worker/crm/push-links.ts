import type { CrmWritten } from "@gpt-agent/core/crm/crm";
import { Postponed } from "@gpt-agent/core/crm/postponed";
import type { CrmSession } from "@gpt-agent/core/crm/session";
import type { Db } from "@gpt-agent/core/db";
import { z } from "zod";

export const linkRow = z.object({
  object: z.enum(["contact", "deal", "summary", "transcript"]),
  externalId: z.string().nullable(),
  url: z.string().nullable(),
  ours: z.boolean(),
  pushedHash: z.string().nullable(),
});
export type Link = z.infer<typeof linkRow>;
export type LinkKind = Link["object"];

/** The links of one push, written down step by step for the job that holds it. */
export class PushLinks {
  private readonly links: Map<LinkKind, Link>;

  constructor(
    private readonly push: string,
    private readonly job: string,
    private readonly db: Db,
    private readonly session: CrmSession,
    links: Link[],
  ) {
    this.links = new Map(links.map((link) => [link.object, link]));
  }

  of(kind: LinkKind): Link | undefined {
    return this.links.get(kind);
  }

  /** Says that a record is about to be made. @returns whether this was not said before */
  async announce(kind: LinkKind): Promise<boolean> {
    const isNew = !this.links.has(kind);
    if ((await this.note({ kind })) !== "noted") throw new Postponed(1_000);
    this.links.set(kind, { object: kind, externalId: null, url: null, ours: false, pushedHash: null });
    return isNew;
  }

  /** Says which record it is, and what was written to it. One that was made while its conversation was erased goes again. */
  async made(kind: LinkKind, { externalId, url }: CrmWritten, { ours, hash }: { ours: boolean; hash: string | null }): Promise<void> {
    const noted = await this.note({ kind, external: externalId, link_url: url, mine: ours, hash });
    this.links.set(kind, { object: kind, externalId, url, ours, pushedHash: hash });
    if (noted === "noted") return;
    const isErased = noted === "gone" && ours && this.session.connection.settings.propagateErasure;
    if (isErased) await this.session.crm.remove(this.session.call, kind === "contact" || kind === "deal" ? kind : "note", externalId);
    throw new Postponed(1_000);
  }

  /** Forgets records that are gone there. */
  async drop(...kinds: LinkKind[]): Promise<void> {
    for (const kind of kinds) {
      const { error } = await this.db.rpc("drop_crm_link", { push: this.push, job: this.job, kind });
      if (error) throw error;
      this.links.delete(kind);
    }
  }

  private async note(given: { kind: LinkKind; external?: string; link_url?: string | null; mine?: boolean; hash?: string | null }) {
    const { data, error } = await this.db.rpc("note_crm_link", { push: this.push, job: this.job, ...given });
    if (error) throw error;
    return data;
  }
}
