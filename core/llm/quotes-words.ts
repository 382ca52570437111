import type { Locale } from "../locales.ts";

/** The built-in responder's own words: everything it says that is not a quote. */
export const QUOTES_WORDS: Record<
  Locale,
  {
    intro: string;
    noAnswer: string;
    fallback: string;
    fallbackNoAnswer: string;
    /** After either of the two, where a visitor can call for a person. */
    callPerson: string;
    hello: string;
    thanks: string;
    bye: string;
  }
> = {
  en: {
    intro: "Here is what the documents say:",
    noAnswer: "I couldn't find an answer to that in the documents I have. Could you put the question in other words?",
    fallback: "The assistant's model is unavailable right now, so here is what the documents say:",
    fallbackNoAnswer:
      "The assistant's model is unavailable right now, and I couldn't find an answer in the documents by myself. Please try again in a few minutes.",
    callPerson: "Or call for a person: it is in the menu at the top of this chat.",
    hello: "Hello! Ask me anything about our documents, and I'll show you what they say.",
    thanks: "You're welcome! If anything else comes up, just ask.",
    bye: "Goodbye! Come back any time.",
  },
  ru: {
    intro: "Вот что говорится в документах:",
    noAnswer: "В документах, которые у меня есть, ответа на этот вопрос не нашлось. Попробуйте спросить другими словами.",
    fallback: "Языковая модель сейчас недоступна, поэтому вот что говорится в документах:",
    fallbackNoAnswer:
      "Языковая модель сейчас недоступна, а сам я не нашёл ответа в документах. Пожалуйста, попробуйте ещё раз через несколько минут.",
    callPerson: "Или позовите человека: это в меню вверху чата.",
    hello: "Здравствуйте! Задайте вопрос, и я покажу, что об этом говорится в наших документах.",
    thanks: "Пожалуйста! Если появятся ещё вопросы, спрашивайте.",
    bye: "До свидания! Возвращайтесь в любое время.",
  },
};

export type SmallTalk = "hello" | "thanks" | "bye";

const SMALL_TALK: Record<SmallTalk, RegExp> = {
  hello:
    /^(hi|hello|hey|hiya|howdy|greetings|good (morning|afternoon|evening|day)|привет(ик|ствую)?|здравствуй(те)?|добр(ый|ое|ого) (день|утро|вечер|дня|времени суток)|хай|салют|доброго времени)( there| all| everyone| всем| вам)?$/u,
  thanks:
    /^((many |ok |okay |great |perfect )?(thanks|thank you|thx|ty|cheers)( a lot| so much| very much| you)?|(большое |огромное |ок |хорошо )?(спасибо|спс|благодарю|благодарю вас|спасибки)( большое| огромное| вам| тебе| за помощь| за ответ)?)$/u,
  bye: /^(bye|goodbye|bye bye|see you|see ya|good night|пока|до свидания|всего доброго|до встречи|спокойной ночи)$/u,
};

/** The kind of pleasantry that a message is and nothing more, or null. */
export function smallTalk(message: string): SmallTalk | null {
  if (message.length > 60) return null;
  const plain = message
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s']/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const found = Object.entries(SMALL_TALK).find(([, pattern]) => pattern.test(plain));
  return found ? (found[0] as SmallTalk) : null;
}
