/**
 * What the browser keeps for a returning visitor: who they are to this agent, the conversation they were in, and its newest
 * answer (by which other tabs see that there is something new).
 */
export type Visit = { token?: string; conversationId?: string; answerId?: string; locale?: "en" | "ru" };

/** The part of the browser's Storage that is used here. */
export type VisitStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/**
 * Remembers a visit under one key per agent. Storage may be blocked, full or hold rubbish: then the visit is remembered
 * for as long as the page lives, and nothing fails.
 */
export class VisitMemory {
  /** The name in the storage. */
  readonly key: string;
  readonly #storage: VisitStorage | null;
  #visit: Visit;

  constructor(agentId: string, storage: () => VisitStorage) {
    this.key = `gpt-agent:${agentId}`;
    this.#storage = attempt(storage);
    this.#visit = this.#read();
  }

  get(): Visit {
    return this.#visit;
  }

  /** Takes over what another tab has kept. */
  reload(): Visit {
    this.#visit = this.#read();
    return this.#visit;
  }

  /** Merges and keeps; a field set to undefined is forgotten. */
  set(change: Visit): void {
    this.#visit = { ...this.#visit, ...change };
    attempt(() => this.#storage?.setItem(this.key, JSON.stringify(this.#visit)));
  }

  clear(): void {
    this.#visit = {};
    attempt(() => this.#storage?.removeItem(this.key));
  }

  #read(): Visit {
    const kept: unknown = attempt(() => JSON.parse(this.#storage?.getItem(this.key) ?? "{}"));
    if (typeof kept !== "object" || kept === null) return {};
    const { token, conversationId, answerId, locale } = kept as Record<string, unknown>;
    return {
      token: shortText(token, 4_096),
      conversationId: shortText(conversationId, 128),
      answerId: shortText(answerId, 128),
      locale: locale === "en" || locale === "ru" ? locale : undefined,
    };
  }
}

/** Whether the panel is open, for the next page of this tab; the launcher reads it. */
export function rememberOpen(agentId: string, open: boolean, storage: () => VisitStorage): void {
  const key = `gpt-agent:open:${agentId}`;
  attempt(() => (open ? storage().setItem(key, "1") : storage().removeItem(key)));
}

function shortText(value: unknown, max: number): string | undefined {
  // Both travel in headers and addresses: anything that is not visible ASCII was not written by us.
  return typeof value === "string" && value.length <= max && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

function attempt<Result>(action: () => Result): Result | null {
  try {
    return action();
  } catch {
    return null;
  }
}
