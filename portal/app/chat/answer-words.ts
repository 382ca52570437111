import type { Locale } from "@gpt-agent/core/locales";

/** What visitors are told when an answer, or a step of it, ends badly. */
export const ANSWER_WORDS: Record<
  Locale,
  {
    interrupted: string;
    failed: string;
    unavailable: string;
    unsupported: string;
    toolFailed: string;
    toolDeclined: string;
    overBudget: string;
  }
> = {
  en: {
    interrupted: "The answer was interrupted. What was written so far is kept; you can try again.",
    failed: "The answer could not be made. Please try again in a minute.",
    unavailable: "The knowledge can't be searched right now. Please try again in a minute.",
    unsupported: "I found nothing about this in the documents, so please check it before you rely on it.",
    toolFailed: "This did not work.",
    toolDeclined: "Not allowed, so nothing was done.",
    overBudget: "The assistant has answered all it can for now. Please come back later.",
  },
  ru: {
    interrupted: "Ответ прервался. Написанное сохранено; можно попробовать ещё раз.",
    failed: "Не удалось подготовить ответ. Попробуйте ещё раз через минуту.",
    unavailable: "Поиск по документам сейчас недоступен. Попробуйте ещё раз через минуту.",
    unsupported: "В документах я этого не нашёл, поэтому не полагайтесь на ответ без проверки.",
    toolFailed: "Не получилось.",
    toolDeclined: "Вы не разрешили, поэтому ничего не сделано.",
    overBudget: "Ассистент пока ответил на всё, на что мог. Загляните, пожалуйста, позже.",
  },
};
