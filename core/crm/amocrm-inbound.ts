import { createHash } from "node:crypto";
import { z } from "zod";
import { sameSecret } from "../same-secret.ts";
import type { CrmEvent, CrmInbound } from "./crm.ts";
import { readAnswer, secretInAddress } from "./crm-answer.ts";
import { CrmError } from "./crm-error.ts";

/** More than amoCRM sends at once. */
const MAX_FIELDS = 20_000;

/**
 * Webhooks of amoCRM and Kommo (crm_platform/webhooks-format): a form in PHP's bracket notation, not signed. What proves the sender is our
 * own secret in the address that we subscribe; what is told of a contact is not believed but fetched anew.
 */
export const amocrmInbound: CrmInbound = {
  address: "connection",
  verify: (request, secret) => sameSecret(secretInAddress(request), secret.connection),
  events(request) {
    const entries = new Map<string, { action: string; fields: Map<string, string> }>();
    let count = 0;
    for (const [name, value] of new URLSearchParams(request.body.toString("utf8"))) {
      if (++count > MAX_FIELDS) throw new CrmError("malformed", "The webhook has too many fields");
      const [, action, place, field] = /^contacts\[(add|update|restore|delete)\]\[(\d{1,6})\]\[(id|type|last_modified)\]$/.exec(name) ?? [];
      if (!action || !place || !field) continue;
      const key = `${action}.${place}`;
      const entry = entries.get(key) ?? { action, fields: new Map() };
      entries.set(key, entry);
      entry.fields.set(field, value);
    }
    return [...entries.values()].flatMap(({ action, fields }): CrmEvent[] => {
      const id = fields.get("id") ?? "";
      // Companies come under the name of contacts too.
      if ((fields.get("type") ?? "contact") !== "contact") return [];
      if (!/^[1-9]\d{0,14}$/.test(id)) throw new CrmError("malformed", "The webhook names a contact without a number");
      const kind = action === "delete" ? "deleted" : "changed";
      // A deletion carries no time of its own: a second one of the same contact is found out when it is read.
      const at = fields.get("last_modified") ?? (kind === "deleted" ? "" : createHash("sha256").update(request.body).digest("hex"));
      return [{ id: `${id}:${action}:${at.slice(0, 64)}`, kind, contactId: id, accountId: null }];
    });
  },
  async subscribe(call, { url, secret }) {
    const destination = new URL(url);
    destination.searchParams.set("secret", secret);
    const settings = ["add_contact", "update_contact", "delete_contact", "restore_contact"];
    const answer = await call({ method: "POST", path: "/webhooks", json: { destination: destination.href, settings } });
    // The number, not the address: the address holds the secret.
    return String(readAnswer(webhook, answer).id);
  },
  async unsubscribe(call, subscription) {
    const answer = await call({ method: "GET", path: "/webhooks" });
    if (answer.status === 204) return;
    const list = readAnswer(z.object({ _embedded: z.object({ webhooks: z.array(webhook) }) }), answer)._embedded.webhooks;
    const mine = list.find(({ id }) => String(id) === subscription);
    if (mine) await call({ method: "DELETE", path: "/webhooks", json: { destination: mine.destination } });
  },
};

const webhook = z.object({ id: z.int(), destination: z.string() });
