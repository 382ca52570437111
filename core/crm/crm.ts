// The port every CRM is reached through: one adapter file for each beside this one, all held to test-contract.ts.

export const CRM_IDS = ["hubspot", "salesforce", "pipedrive", "amocrm", "bitrix24"] as const;
export type CrmId = (typeof CRM_IDS)[number];

/** Where an account lives: amoCRM and Bitrix24 have a Russian cloud (amocrm.ru, bitrix24.ru) and an international one (kommo.com, bitrix24.com …). */
export type CrmCloud = "global" | "ru";

/** What we write: a person, a sale (a deal, called lead in amoCRM and opportunity in Salesforce), a note on a person's timeline. */
export type CrmObject = "contact" | "deal" | "note";

/** The platform's own registration with a CRM, from the environment. */
export type CrmApp = { clientId: string; clientSecret: string };

/** What lets us into one account. Kept sealed as JSON, never in a log, a payload or an answer. */
export type CrmGrant = {
  kind: "oauth" | "token";
  /** The access token, the private token, or the whole inbound-webhook URL of Bitrix24. */
  accessToken: string;
  refreshToken: string | null;
  /** ISO time after which the access token is refused; null when it does not expire. */
  expiresAt: string | null;
  /** Where this account's API is: an origin, without a slash at the end. */
  apiUrl: string;
};

/** Who an account is in its CRM. `url` opens it in a browser. */
export type CrmAccount = { externalId: string; name: string; url: string | null };

export type CrmValue = string | number | boolean | null;

/** A field of an account's objects, as the field-map editor shows it. `key` is the CRM's own name of it. */
export type CrmField = {
  key: string;
  label: string;
  type: "text" | "email" | "phone" | "number" | "boolean" | "date" | "choice";
  choices?: { value: string; label: string }[];
  writable: boolean;
};

/** A contact as the CRM has it. `fields` holds the values by the CRM's own keys. */
export type CrmContact = {
  externalId: string;
  name: string | null;
  email: string | null;
  /** As the CRM keeps it; compared by digits. */
  phone: string | null;
  fields: Record<string, CrmValue>;
  /** ISO time of the last change there. */
  updatedAt: string;
  /** Opens the record in a browser. */
  url: string | null;
};

export type CrmWritten = { externalId: string; url: string | null };

/** A request to an account's API. `path` begins with a slash and follows the grant's `apiUrl`. */
export type CrmRequest = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  /** What it takes from the limit "requests" (1) or from others, by their keys. */
  cost?: Record<string, number>;
};

/** A 2xx answer; `body` is its JSON, null when it has none. Names of headers are in lower case. `origin` is where it came from. */
export type CrmAnswer = { status: number; headers: Record<string, string>; body: unknown; origin: string };

/**
 * The way to one account: signs a request, waits for the account's limits, refreshes a token that has run out, once.
 * @throws CrmError for everything that is not a 2xx
 */
export type CrmCall = (request: CrmRequest) => Promise<CrmAnswer>;

/** The way to a CRM's sign-in servers, for exchanging and refreshing tokens. @throws CrmError for everything that is not a 2xx */
export type CrmHttp = (request: Omit<CrmRequest, "path" | "cost"> & { url: string }) => Promise<CrmAnswer>;

/**
 * A documented rate limit, as a bucket of `burst` requests that fills with `perSecond`; what a window of T seconds sees is at most
 * burst + T * perSecond, which stays below the documented figure. Buckets belong to the account and are shared by all workers.
 */
export type CrmLimit = { key: string; burst: number; perSecond: number };

export type AuthorizeQuery = {
  app: CrmApp;
  cloud: CrmCloud;
  /** The account's address where the CRM signs in there (`domain` below), such as "acme.bitrix24.ru". */
  domain: string | null;
  state: string;
  redirectUri: string;
  /** S256 challenge (RFC 7636) where the CRM takes one. */
  codeChallenge: string;
};

/** Signing in by OAuth 2 (RFC 6749). */
export type CrmOAuth = {
  /** Whether the CRM takes a PKCE challenge (RFC 7636). */
  pkce: boolean;
  /** Whether the account's own address is needed before the sign-in, or may be given for accounts that do not sign in where others do. */
  domain: "needed" | "optional" | "none";
  /** A refresh token works once and is replaced by the next: refreshing is serialised, and a lost answer is reported. */
  singleUseRefresh: boolean;
  authorizeUrl(query: AuthorizeQuery): string;
  /** @param callback the parameters that came back with the code. @throws CrmError */
  exchangeCode(
    http: CrmHttp,
    given: {
      app: CrmApp;
      cloud: CrmCloud;
      code: string;
      redirectUri: string;
      codeVerifier: string;
      callback: URLSearchParams;
      /** The account's address, where one was given to `authorizeUrl`: a code is exchanged where it was made. */
      domain?: string | null;
    },
  ): Promise<CrmGrant>;
  /** @throws CrmError("unauthorized") when the refresh token is no longer taken */
  refresh(http: CrmHttp, given: { app: CrmApp; cloud: CrmCloud; grant: CrmGrant; redirectUri: string }): Promise<CrmGrant>;
  /** Tells the CRM to forget our tokens; null where it has no such call. */
  revoke: ((http: CrmHttp, given: { app: CrmApp; cloud: CrmCloud; grant: CrmGrant }) => Promise<void>) | null;
  /**
   * Reads the notice that our app was removed from an account, which comes by DELETE to the redirect address, where the CRM sends one.
   * @returns the account's id; null for a sender who does not know the app's secret. @throws CrmError("malformed")
   */
  removed?(notice: InboundRequest, app: CrmApp): string | null;
};

/** Signing in by a token that an admin makes in the CRM. */
export type CrmTokenAuth = {
  /** What is asked for: a token alone, a token and the account's address, or an inbound-webhook URL. */
  asks: "token" | "token-and-domain" | "webhook-url";
  /** @throws CrmError("invalid") for a text that cannot be such a token or an address that is not this CRM's */
  grantFrom(given: { token: string; domain: string | null; cloud: CrmCloud }): CrmGrant;
};

/** A contact changed in the CRM. The record itself is fetched anew: what a sender says of it is not believed. */
export type CrmEvent = {
  /** The same for each repetition of one event. */
  id: string;
  kind: "changed" | "deleted";
  contactId: string;
  /** Whose event it is, where one address serves all accounts of an app; else null. */
  accountId: string | null;
};

/** A webhook as it came in: nothing decoded, nothing rewritten. */
export type InboundRequest = { method: string; url: string; headers: Record<string, string>; body: Buffer };

export type CrmInbound = {
  /** One address for the whole app (/api/webhooks/hubspot) or one for each connection (/api/webhooks/<id>). */
  address: "app" | "connection";
  /**
   * Whether the sender is who it says: in the sender's own scheme, on raw bytes, in constant time. Without a secret nobody is.
   * @param secret the connection's own secret, or the app's client secret, as the scheme has it
   * @param now milliseconds since 1970
   */
  verify(
    request: InboundRequest,
    secret: { app: CrmApp | null; connection: string | null; accountId: string | null },
    now: number,
  ): boolean;
  /** What it tells of contacts; all else is left out. @throws CrmError("malformed") */
  events(request: InboundRequest): CrmEvent[];
  /** Asks the account to send its changes to `url`; null where that is set up by hand. Returns what `unsubscribe` needs. */
  subscribe: ((call: CrmCall, given: { url: string; secret: string }) => Promise<string>) | null;
  unsubscribe: ((call: CrmCall, subscription: string) => Promise<void>) | null;
};

export type ContactKey = { email: string | null; phone: string | null; externalId: string | null };

export type CrmPage = {
  contacts: CrmContact[];
  /** Ids of contacts that were deleted there, where the CRM tells of them. */
  deleted: string[];
  /** Where the next page begins; null after the last. */
  next: string | null;
  /** How many there are in all, where the CRM says. */
  total: number | null;
};

/**
 * What removing comes to: the record is gone ("deletes"), or, where the CRM's API deletes nothing, it stays without anything that tells of
 * a person, marked as erased ("empties"): somebody in the CRM may then delete it.
 */
export type CrmRemoval = "deletes" | "empties";

/** One CRM. Every method throws CrmError and nothing else for what the CRM answers. */
export interface Crm {
  readonly id: CrmId;
  readonly clouds: readonly CrmCloud[];
  readonly oauth: CrmOAuth | null;
  readonly token: CrmTokenAuth | null;
  readonly limits: readonly CrmLimit[];
  readonly inbound: CrmInbound | null;
  /** What `remove` does to each kind of record, as people are told before they erase. */
  readonly removal: Readonly<Record<CrmObject, CrmRemoval>>;
  /** The headers and the base URL that a grant's requests carry, and what goes into their JSON bodies where the token belongs there (Bitrix24). */
  sign(grant: CrmGrant): { baseUrl: string; headers: Record<string, string>; json?: Record<string, string> };
  /** Whether contacts and deals carry tags there; where they do not, `write` leaves them out. They are added to those that are there. */
  readonly tags: boolean;
  /** Reads an error that the status alone does not tell (Bitrix24's bodies, Salesforce's daily limit); null leaves it to the status. */
  readError?(answer: CrmAnswer): import("./crm-error.ts").CrmError | null;
  /** Who we are connected to; also the health check. */
  account(call: CrmCall): Promise<CrmAccount>;
  /** The fields of contacts or deals, those that people know first. */
  fields(call: CrmCall, object: "contact" | "deal"): Promise<CrmField[]>;
  /** The contact with this e-mail, else this phone (by digits), else this external id where the CRM has such a field; the oldest of several. */
  find(call: CrmCall, key: ContactKey, fields: string[]): Promise<CrmContact | null>;
  /** One contact with the chosen fields; null when it is gone. */
  get(call: CrmCall, externalId: string, fields: string[]): Promise<CrmContact | null>;
  /**
   * Creates (externalId null) or updates. A note's `text` is plain text with line breaks; a deal or note hangs on its contact.
   * @throws CrmError("not_found") when the record to update is gone
   */
  write(
    call: CrmCall,
    record:
      | { object: "contact"; externalId: string | null; fields: Record<string, CrmValue>; tags: string[] }
      | { object: "deal"; externalId: string | null; contactId: string; title: string; fields: Record<string, CrmValue>; tags: string[] }
      | { object: "note"; externalId: string | null; contactId: string; text: string },
  ): Promise<CrmWritten>;
  /**
   * Finds a deal or note of a contact by a text that only it holds (the conversation's link): how a record is found again whose
   * creation was not heard back. Looks at the newest 50.
   */
  findMarked(call: CrmCall, object: "deal" | "note", given: { contactId: string; marker: string }): Promise<CrmWritten | null>;
  /** Removes a record that we made, or empties it (see `removal`). One that is gone already is no error. */
  remove(call: CrmCall, object: CrmObject, externalId: string): Promise<void>;
  /** Contacts changed since a moment (ISO; null: all), oldest change first, a page of up to 100 (200 in Salesforce) at a time. */
  pull(call: CrmCall, given: { since: string | null; cursor: string | null; fields: string[] }): Promise<CrmPage>;
}
