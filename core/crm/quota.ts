import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../db.ts";
import type { Crm } from "./crm.ts";
import { Postponed } from "./postponed.ts";

/** The longest wait inside a job, in milliseconds; for a longer one the job makes room for others. */
const PATIENCE_MS = 2_000;

/** The rate limits of one account, as the database counts them for all workers and all organizations that use the account. */
export class AccountQuota {
  constructor(
    private readonly db: Db,
    private readonly crm: Crm,
    private readonly accountId: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Waits until a request of this cost may be sent, and counts it. @throws Postponed when that is not within two seconds */
  async admit(cost: Record<string, number>): Promise<void> {
    const wanted = this.crm.limits.flatMap(({ key, burst, perSecond }) => (cost[key] ? [{ key, burst, perSecond, cost: cost[key] }] : []));
    if (wanted.length === 0) return;
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const { data: wait, error } = await this.db.rpc("take_crm_quota", { account_crm: this.crm.id, account: this.accountId, wanted });
      if (error) throw error;
      if (wait === 0) return;
      if (Date.now() + wait > until) throw new Postponed(wait);
      await sleep(wait, undefined, { signal: this.signal });
    }
  }

  /** Nobody calls this account for so long, in milliseconds: the CRM said so. */
  async slowDown(forMs: number): Promise<void> {
    const { error } = await this.db.rpc("pause_crm_account", {
      account_crm: this.crm.id,
      account: this.accountId,
      milliseconds: Math.ceil(forMs),
    });
    if (error) throw error;
  }
}
