import type { IncomingMessage } from "node:http";

/** Statuses whose answers have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const WITHOUT_BODY: readonly number[] = [101, 204, 205, 304];
/** What a reason phrase may not hold (RFC 9110, section 15.1); Node's parser lets it through, and a Response throws for it. */
const NO_REASON = /[^\t\x20-\x7e\x80-\xff]/g;

/** An answer that Node's client brought, as the fetch standard has it; its body is the text that has been read of it, or null for none. */
export function messageResponse(message: IncomingMessage, body: string | null): Response {
  const { statusCode: status = 502, statusMessage: statusText = "" } = message;
  return new Response(WITHOUT_BODY.includes(status) ? null : body, {
    status,
    statusText: statusText.replace(NO_REASON, ""),
    headers: headersOf(message),
  });
}

/** Of headers that came several times, each. */
function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) for (const value of values ?? []) headers.append(name, value);
  return headers;
}
