import { createHmac } from "node:crypto";

/** The bytes of a signing secret: `whsec_` and base64. @throws TypeError for anything else */
function keyOf(secret: string): Buffer {
  const [, text] = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/.exec(secret) ?? [];
  if (!text) throw new TypeError("A webhook's secret is whsec_ and base64");
  return Buffer.from(text, "base64");
}

/**
 * The headers that prove a body to its receiver (Standard Webhooks, https://www.standardwebhooks.com): HMAC-SHA256 over
 * "id.timestamp.body". While a secret is being replaced both sign, and the receiver needs to know only one of them.
 * @param timestamp of this attempt, in seconds since 1970
 */
export function signedHeaders(id: string, timestamp: number, body: string, secrets: string[]): Record<string, string> {
  const signatures = secrets.map(
    (secret) => `v1,${createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  );
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signatures.join(" ") };
}
