import type { Locale } from "@gpt-agent/core/locales";
import { WEBHOOK_FAILURES } from "@gpt-agent/core/webhook-failures";
import { z } from "zod";
import { type MailPage, plain } from "./page.ts";
import type { Composer } from "./send-mail.ts";

const detail = z.strictObject({ endpointId: z.uuid(), deliveryId: z.uuid() });

type Said = { host: string; org: string };
const WORDS: Record<
  Locale,
  {
    subject: (said: Said) => string;
    gone: string;
    failing: string;
    meanwhile: string;
    endpoint: string;
    lastFailure: string;
    answered: (status: number) => string;
    open: string;
    foot: (said: Said) => string;
  }
> = {
  en: {
    subject: ({ host }) => `Webhooks to ${host} were switched off`,
    gone: "The address answered 410 Gone, which means that it does not want to be called any more. So we switched the endpoint off.",
    failing: "For three days nothing got through to this address. So we switched the endpoint off.",
    meanwhile:
      "Until you switch it on again nothing is sent, and what happens meanwhile is not kept for it. What failed before can be sent again from the endpoint's page.",
    endpoint: "Address",
    lastFailure: "The last failure",
    answered: (status) => `It answered HTTP ${status}`,
    open: "Open the endpoint",
    foot: ({ org }) => `You get this e-mail because you are an owner or admin of ${org}.`,
  },
  ru: {
    subject: ({ host }) => `Вебхуки на ${host} выключены`,
    gone: "Адрес ответил «410 Gone», то есть больше не хочет получать запросы. Поэтому мы его выключили.",
    failing: "Три дня на этот адрес ничего не доходило. Поэтому мы его выключили.",
    meanwhile:
      "Пока вы не включите его снова, ничего не отправляется, и события за это время для него не сохраняются. То, что не дошло раньше, можно отправить ещё раз со страницы адреса.",
    endpoint: "Адрес",
    lastFailure: "Последняя ошибка",
    answered: (status) => `Ответ HTTP ${status}`,
    open: "Открыть страницу адреса",
    foot: ({ org }) => `Вы получили это письмо, потому что вы владелец или администратор организации «${org}».`,
  },
};

/** Tells that an endpoint was switched off, and why; null once it is on again, was switched off by hand, or is gone. */
export const webhookDisabled: Composer = async (mail, { db, appUrl }): Promise<MailPage | null> => {
  const { endpointId, deliveryId } = detail.parse(mail.detail);
  const endpoint = await db
    .from("webhook_endpoints")
    .select("url, disabled_reason")
    .eq("org_id", mail.orgId)
    .eq("id", endpointId)
    .eq("status", "disabled")
    .maybeSingle();
  if (endpoint.error) throw endpoint.error;
  const reason = endpoint.data?.disabled_reason;
  if (!endpoint.data || (reason !== "gone" && reason !== "failing")) return null;
  const last = await db
    .from("webhook_attempts")
    .select("status_code, failure")
    .eq("org_id", mail.orgId)
    .eq("delivery_id", deliveryId)
    .order("attempt", { ascending: false })
    .limit(1)
    .maybeSingle();
  if (last.error) throw last.error;

  const words = WORDS[mail.locale];
  const said = { host: plain(new URL(endpoint.data.url).host, 100), org: plain(mail.orgName) };
  const failures: Record<string, string> = WEBHOOK_FAILURES[mail.locale];
  const { status_code: status, failure } = last.data ?? { status_code: null, failure: null };
  return {
    locale: mail.locale,
    subject: words.subject(said),
    paragraphs: [words[reason], words.meanwhile],
    facts: [
      [words.endpoint, plain(endpoint.data.url, 500)],
      [words.lastFailure, status ? words.answered(status) : (failures[failure ?? ""] ?? failures.unreachable!)],
    ],
    action: { label: words.open, url: `${appUrl}/orgs/${mail.orgSlug}/integrations/webhooks/${endpointId}` },
    foot: words.foot(said),
  };
};
