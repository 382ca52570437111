import type { Locale } from "./locales.ts";

/**
 * Why an attempt of a delivery failed without an answer (webhook_attempts.failure), in words for people: the portal's log and the e-mail
 * that tells of a disabled endpoint say the same. Safe to import anywhere.
 */
export const WEBHOOK_FAILURES = {
  en: {
    bad_url: "The address may not be called",
    address_refused: "The address does not lead to the public internet",
    unreachable: "Could not be reached",
    timeout: "No answer within 15 seconds",
    unreadable: "The answer is not HTTP",
    interrupted: "Interrupted",
    secret: "The signing secret cannot be opened: make a new one",
  },
  ru: {
    bad_url: "На этот адрес отправлять нельзя",
    address_refused: "Адрес не ведёт в открытый интернет",
    unreachable: "Не удалось соединиться",
    timeout: "Нет ответа за 15 секунд",
    unreadable: "Ответ — не HTTP",
    interrupted: "Прервано",
    secret: "Секрет подписи не открывается: создайте новый",
  },
} satisfies Record<Locale, Record<string, string>>;
export type WebhookFailure = keyof (typeof WEBHOOK_FAILURES)["en"];
