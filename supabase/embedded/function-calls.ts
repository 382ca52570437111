import { correlationHeaders } from "@gpt-agent/core/correlation";
import { sameSecret } from "@gpt-agent/core/same-secret";
import { type BackendDatabase, DatabaseAway, isPostgresError, type PreparedStatement, postgrestStatus } from "./database.ts";

/** A function that can be called: its arguments' types, and what it gives. */
type Signature = { argTypes: Map<string, string>; gives: "value" | "values" | "rows" | "nothing" };

/** What a request looks like that needs nothing of the REST layer: no filter, no chosen columns, no count. */
const PLAIN_CALL = /^\/rest\/v1\/rpc\/([a-z_][a-z0-9_]*)$/;

const AS_SERVICE = `select pg_catalog.set_config('role', 'service_role', true),
  pg_catalog.set_config('request.jwt.claim.role', 'service_role', true),
  pg_catalog.set_config('request.jwt.claims', '{"role":"service_role"}', true)`;

/** As PostgREST tells of a call's headers, as far as anything here looks at them. */
const settingOf = (headers: Record<string, string>) =>
  Object.keys(headers).length > 0 ? `, pg_catalog.set_config('request.headers', ${literal(JSON.stringify(headers))}, true)` : "";

const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** The function of a name in `public`; null when there is none, or several, or one whose arguments need more thought. */
async function signatureOf(db: BackendDatabase, fn: string): Promise<Signature | null> {
  const { rows } = await db.query<{ names: string[] | null; types: string[]; plain: boolean; gives: Signature["gives"] }>(
    `select p.proargnames as names, array(select format_type(t, null) from unnest(p.proargtypes) with ordinality a (t, n) order by n) as types,
            p.prokind = 'f' and p.provariadic = 0 and not coalesce(p.proargmodes && array['o', 'b']::"char"[], false) as plain,
            case when p.prorettype = 'void'::regtype then 'nothing' when not p.proretset then 'value'
                 when t.typtype = 'c' or 't' = any (p.proargmodes) then 'rows' else 'values' end as gives
     from pg_proc p join pg_type t on t.oid = p.prorettype
     where p.pronamespace = 'public'::regnamespace and p.proname = $1`,
    [fn],
  );
  const [found, other] = rows;
  const named = found?.types.every((_, at) => found.names?.[at]);
  if (!found || other || !found.plain || !named) return null;
  return { argTypes: new Map(found.types.map((type, at) => [found.names![at]!, type])), gives: found.gives };
}

/** The query that calls a function with the fields of a JSON object, as PostgREST writes it, and gives its answer as JSON. */
function callOf(fn: string, { argTypes, gives }: Signature, given: string[]): string {
  const fields = given.map((arg) => `${name(arg)} ${argTypes.get(arg)}`).join(", ");
  const from = given.length > 0 ? `from json_to_record($1) as a (${fields})` : "";
  const call = `public.${name(fn)}(${given.map((arg) => `${name(arg)} => a.${name(arg)}`).join(", ")})`;
  if (gives === "rows")
    return `select coalesce(json_agg(t), '[]')::text as answer from (select r.* ${from ? `${from},` : "from"} ${call} r) t`;
  if (gives === "values") return `select coalesce(json_agg(t.v), '[]')::text as answer from (select ${call} as v ${from}) t`;
  return `select coalesce(to_json(${call}), 'null')::text as answer ${from}`;
}

/**
 * What a function itself raised, or that the database went away, as PostgREST tells it; null for any other failure. After a session that
 * broke nobody knows whether the call was made, so that it must not be made again here.
 */
function refusalOf(error: unknown): Response | null {
  if (error instanceof DatabaseAway)
    return Response.json({ code: "PGRST001", message: error.message, details: null, hint: null }, { status: 503 });
  if (!isPostgresError(error) || !/^(P0|57P)/.test(error.code ?? "")) return null;
  const { code = "", message, detail = null, hint = null } = error;
  return Response.json({ code, message, details: detail, hint }, { status: postgrestStatus(code) ?? 500 });
}

/**
 * Answers the platform's own calls of functions (POST /rest/v1/rpc/<function> with the secret key) past the REST layer. Every turn
 * of a conversation makes some; each is one message to the database here, where Supabase Lite needs ten and rewrites the query anew
 * each time: a third of the CPU time (docs/SCALING.md). What a function raises is told in PostgREST's
 * words. Anything else is not answered: people's requests, requests with filters, and calls that fail in other ways, which leave
 * nothing behind and are then told about by Supabase Lite.
 * @returns what answers a request, or has it answered otherwise
 */
export function functionCalls(db: BackendDatabase, secretKey: string) {
  const signatures = new Map<string, Promise<Signature | null>>();
  /** Prepared calls by function and arguments. */
  const prepared = new Map<string, PreparedStatement>();
  const isKey = (given: string | null) => sameSecret(given, secretKey);

  const signature = (fn: string) => {
    const known = signatures.get(fn) ?? signatureOf(db, fn);
    signatures.set(fn, known);
    known.catch(() => signatures.delete(fn));
    return known;
  };

  /** Is this a call that can be answered here? Tells the function. */
  function calledBy({ method, url, headers }: Request): string | null {
    const { pathname, search } = new URL(url);
    const [, fn] = PLAIN_CALL.exec(pathname) ?? [];
    const authorization = headers.get("authorization");
    const mine = isKey(headers.get("apikey")) && (authorization === null || isKey(authorization.replace(/^Bearer /, "")));
    if (!fn || !mine || method !== "POST" || search !== "" || headers.has("prefer")) return null;
    const profile = headers.get("content-profile") ?? "public";
    const accepted = headers.get("accept") ?? "*/*";
    return profile === "public" && /^(?:\*\/\*|application\/json)$/.test(accepted) ? fn : null;
  }

  /** The prepared call of a function with these arguments, which it has. */
  function prepare(fn: string, found: Signature, given: string[]): PreparedStatement {
    const key = [fn, ...given].join(" ");
    const known = prepared.get(key);
    if (known) return known;
    const name = `call_${prepared.size + 1}`;
    const made = { name, definition: `prepare ${name}${given.length > 0 ? "(json)" : ""} as ${callOf(fn, found, given)}` };
    prepared.set(key, made);
    return made;
  }

  /** @throws whatever the call failed with */
  async function call(fn: string, json: string): Promise<Response | null> {
    const args: unknown = JSON.parse(json);
    const found = await signature(fn);
    if (!found || typeof args !== "object" || args === null || Array.isArray(args)) return null;
    const given = Object.keys(args);
    if (!given.every((arg) => found.argTypes.has(arg))) return null;
    // One transaction, so that the role holds for it alone.
    const settings = `${AS_SERVICE}${settingOf(correlationHeaders())}`;
    const row = await db.execute(prepare(fn, found, given), settings, given.length > 0 ? literal(json) : null);
    if (found.gives === "nothing") return new Response(null, { status: 204 });
    const answer = row?.answer as string;
    return new Response(answer, { headers: { "content-type": "application/json; charset=utf-8" } });
  }

  return async (request: Request, otherwise: (request: Request) => Promise<Response>): Promise<Response> => {
    const fn = calledBy(request);
    if (!fn) return otherwise(request);
    const { url, method, headers } = request;
    const body = await request.text();
    const answer = await call(fn, body).catch(refusalOf);
    return answer ?? otherwise(new Request(url, { method, headers, body }));
  };
}
