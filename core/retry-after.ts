/** Longer waits are read as this, in seconds: what RFC 9111 §1.2.2 has caches do with numbers they cannot hold. */
const LONGEST_WAIT = 2 ** 31 - 1;
/** The three ways to write a time that RFC 9110 §5.6.7 knows; the last one, of C's asctime, names no zone. */
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*(, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT| [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

/**
 * How long a Retry-After header asks to wait (RFC 9110 §10.2.3: seconds or a date), in seconds, at most 2³¹ − 1; 0 for a time that is
 * over: at once, or as soon as the caller thinks it decent. Undefined where nothing is said: no header, or anything else. Fractions of a
 * second, which the standard does not know, are sent by some and read.
 * @param now in milliseconds since 1970
 */
export function retryAfterSeconds(header: string | null | undefined, now = Date.now()): number | undefined {
  const text = header?.trim() ?? "";
  let seconds: number;
  if (/^\d+(\.\d+)?$/.test(text)) seconds = Number(text);
  // Date.parse alone takes "-5" for a month.
  else if (HTTP_DATE.test(text)) seconds = (Date.parse(text.endsWith("GMT") ? text : `${text} GMT`) - now) / 1_000;
  else return undefined;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), LONGEST_WAIT);
}
