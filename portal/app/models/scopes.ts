/** What an API key may be allowed (api_keys.scopes); each is asked for by routes of its own. Safe to import anywhere. */
export const SCOPES = ["chat", "read", "write", "audit", "webhooks"] as const;
export type Scope = (typeof SCOPES)[number];
