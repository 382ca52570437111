import { setTimeout as sleep } from "node:timers/promises";
import { SecretError } from "../secrets.ts";
import type { Crm, CrmGrant } from "./crm.ts";
import { CrmError } from "./crm-error.ts";
import { crmHttp } from "./crm-http.ts";
import { crmGrant, crmGrantPlace, crmRedirectUri } from "./crm-settings.ts";
import { Postponed } from "./postponed.ts";
import { type CrmDeps, type OpenConnection, readConnection } from "./session.ts";

/** An access token is replaced this long before it runs out, in milliseconds. */
const AHEAD_MS = 60_000;
/** For how long one worker has the right to refresh, in seconds: longer than a request may take. */
const LEASE_SECONDS = 30;
/** How long another waits for the new token within its job, in milliseconds, and how often it looks. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 100;
/** How often the new grant is tried to be stored: where the old one is used up, it is the only one there is. */
const STORE_TRIES = 8;

/** A refresh whose answer was never heard, of a token that works once: somebody must sign in anew. */
export class RefreshLost extends CrmError {
  constructor(cause: unknown) {
    super("unauthorized", "The answer to a refresh was lost, and with it the tokens", { cause });
  }
}

/**
 * A connection's grant. Refreshed by one worker at a time, under a lease in the database: the new one is stored before it is used, others
 * wait for it. A worker that dies in between leaves a mark; the next one tries the old token once more, which either still works or tells
 * that the new one is lost.
 */
export class GrantKeeper {
  private grant: CrmGrant | null = null;
  private renewing: Promise<CrmGrant> | null = null;

  constructor(
    private readonly id: string,
    private connection: OpenConnection,
    private readonly crm: Crm,
    private readonly deps: CrmDeps,
    private readonly signal: AbortSignal,
  ) {}

  /** What must never be repeated anywhere. */
  secrets(): string[] {
    const app = this.deps.crms.app(this.connection.crm, this.connection.cloud);
    return [this.grant?.accessToken, this.grant?.refreshToken, app?.clientSecret].filter((text): text is string => Boolean(text));
  }

  /** The grant at hand, refreshed before it runs out. @throws CrmError("unauthorized") */
  async current(): Promise<CrmGrant> {
    const grant = this.opened();
    // Not the grant's own: the connection's time is brought forward where the CRM says that our app was removed.
    const { expiresAt } = this.connection;
    if (grant.kind === "token" || !expiresAt || Date.parse(expiresAt) - AHEAD_MS > Date.now()) return grant;
    return this.renew(grant);
  }

  /** Another grant in place of one that was refused or runs out. @throws CrmError("unauthorized") when there is none */
  renew(refused: CrmGrant): Promise<CrmGrant> {
    const grant = this.opened();
    if (grant.accessToken !== refused.accessToken) return Promise.resolve(grant);
    this.renewing ??= this.replace(grant).finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private opened(): CrmGrant {
    if (this.grant) return this.grant;
    try {
      const text = this.deps.secretBox.open(this.connection.sealedGrant, crmGrantPlace(this.connection.orgId, this.id));
      this.grant = crmGrant.parse(JSON.parse(text));
      return this.grant;
    } catch (cause) {
      const code = cause instanceof SecretError ? cause.code : "malformed";
      this.deps.log.error("A connection's grant cannot be opened", { connectionId: this.id, code });
      // Without the cause: a parser's message may hold a piece of what it parsed.
      throw new CrmError("unauthorized", "The connection's grant cannot be opened");
    }
  }

  private async replace(old: CrmGrant): Promise<CrmGrant> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      if (await this.isReplaced()) return this.opened();
      const { generation, lostRefresh } = this.connection;
      const began = await this.deps.db.rpc("begin_grant_refresh", { connection: this.id, generation, lease_seconds: LEASE_SECONDS });
      if (began.error) throw began.error;
      if (began.data) return this.refresh(old, generation, lostRefresh);
      if (Date.now() > until) throw new Postponed(LEASE_SECONDS * 1_000);
      await sleep(LOOK_MS, undefined, { signal: this.signal });
    }
  }

  /** Looks whether somebody else has replaced the grant, and takes it over. */
  private async isReplaced(): Promise<boolean> {
    const now = await readConnection(this.deps.db, this.id);
    if (!now) throw new CrmError("unauthorized", "The connection is gone");
    const replaced = now.generation !== this.connection.generation;
    this.connection = now;
    if (replaced) this.grant = null;
    return replaced;
  }

  private async refresh(old: CrmGrant, generation: number, lostBefore: boolean): Promise<CrmGrant> {
    const { crm, cloud } = this.connection;
    const oauth = this.crm.oauth;
    const app = this.deps.crms.app(crm, cloud);
    if (!oauth || !app || !old.refreshToken) {
      await this.end(generation);
      throw new CrmError("unauthorized", "There is nothing to refresh the token with");
    }
    let fresh: CrmGrant;
    try {
      const http = crmHttp(this.deps.crmEgress, { signal: this.signal, readError: this.crm.readError?.bind(this.crm) });
      fresh = await oauth.refresh(http, { app, cloud, grant: old, redirectUri: crmRedirectUri(this.deps.appUrl) });
    } catch (error) {
      // Who knows whether a token that works once was used up: the mark stays, and the next refresh finds out.
      const unsure = oauth.singleUseRefresh && !(error instanceof CrmError && !error.isPassing && error.code !== "malformed");
      if (!unsure) await this.end(generation);
      if (lostBefore && oauth.singleUseRefresh && error instanceof CrmError && error.code === "unauthorized") throw new RefreshLost(error);
      throw error;
    }
    if (!(await this.store(fresh, generation))) {
      // Somebody signed in anew meanwhile: that grant is the one.
      await this.isReplaced();
      return this.opened();
    }
    this.deps.log.info("A connection's token was refreshed", { connectionId: this.id });
    return fresh;
  }

  private async store(fresh: CrmGrant, generation: number): Promise<boolean> {
    const sealed = this.deps.secretBox.seal(JSON.stringify(fresh), crmGrantPlace(this.connection.orgId, this.id));
    for (let attempt = 1; ; attempt++) {
      const { data, error } = await this.deps.db.rpc("store_grant", { connection: this.id, generation, sealed, expires: fresh.expiresAt });
      if (!error) {
        if (data) {
          this.connection = {
            ...this.connection,
            generation: generation + 1,
            sealedGrant: sealed,
            expiresAt: fresh.expiresAt,
            lostRefresh: false,
          };
          this.grant = fresh;
        }
        return data;
      }
      if (attempt === STORE_TRIES) throw error;
      // Not given up for a signal: what is in hand cannot be had again.
      await sleep(100 * 2 ** attempt);
      // Stored before, and only the answer was lost: then the generation has moved, and the grant there is this one.
    }
  }

  private async end(generation: number): Promise<void> {
    const { error } = await this.deps.db.rpc("end_grant_refresh", { connection: this.id, generation });
    if (error) throw error;
  }
}
