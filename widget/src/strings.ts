/** The widget's own words. Both languages are written, not translated; keep them alike in what they say. */

export type Locale = "en" | "ru";

/** The first of the tags whose language we speak; English when there is none. */
export function chooseLocale(...tags: (string | null | undefined)[]): Locale {
  for (const tag of tags) {
    const language = tag?.slice(0, 2).toLowerCase();
    if (language === "en" || language === "ru") return language;
  }
  return "en";
}

/** What the launcher says; apart from the rest, because it is loaded on every page. */
export const launcherStrings: Record<Locale, string> = { en: "Open chat", ru: "Открыть чат" };

const en = {
  assistant: "Assistant",
  subtitle: "Answers from our documents",
  unread: (count: number) => `${count} unread`,
  close: "Close chat",
  menu: "Menu",
  back: "Back",
  newChat: "New chat",
  person: "Talk to a person",
  passedOn: "Your request for a person has been passed on.",
  history: "Past chats",
  historyEmpty: "Your chats will appear here.",
  language: "На русском",
  download: "Download this chat",
  erase: "Delete this chat",
  eraseQuestion: "Delete this chat for good?",
  eraseYes: "Delete",
  cancel: "Cancel",
  untitled: "Untitled chat",
  greeting: "Hi! Ask me a question and I’ll look for the answer in our documents.",
  starters: "Questions to start with",
  privacy: "Answers are written by AI and may be wrong.",
  privacyLink: "Privacy",
  messages: "Conversation",
  composer: "Your message",
  placeholder: "Ask a question…",
  send: "Send",
  stop: "Stop answering",
  you: "You:",
  thinking: "Looking for the answer…",
  answered: "Answer:",
  stopped: "Stopped",
  retry: "Try again",
  regenerate: "Answer again",
  copy: "Copy",
  copied: "Copied",
  good: "Good answer",
  bad: "Bad answer",
  badQuestion: "What was wrong with it?",
  badSend: "Send",
  badThanks: "Thank you, this will help us improve.",
  skip: "Skip",
  sources: (count: number) => `Sources: ${count}`,
  citation: (index: number) => `Source ${index}`,
  page: (page: number) => `page ${page}`,
  openPage: "Open the page",
  passageMissing: "The text around the quote is no longer available.",
  suggestions: "Follow-up questions",
  consent: "The assistant asks for your permission:",
  consentSends: "This will be sent:",
  allow: "Allow",
  refuse: "Don’t allow",
  consentUnsent: "Your answer didn’t get through. Please press again.",
  toolDone: "done",
  toolFailed: "not done",
  toolSent: "This was sent:",
  yes: "yes",
  no: "no",
  fallback: "The assistant can’t write an answer right now, so these are direct quotes from our documents.",
  latest: "To the latest message",
  tooLong: (extra: number) => `Too long by ${extra} ${extra === 1 ? "character" : "characters"}. Please shorten your message.`,
  offline: "You’re offline. Your message will stay here until you’re back.",
  paused: "The assistant is taking a break. Please come back later.",
  answersFrom: (when: string) => `There will be answers again from ${when} on.`,
  missing: "This assistant isn’t available here.",
  loading: "Loading the conversation…",
  errors: {
    network: "Couldn’t reach the server. Your question is kept.",
    interrupted: "The connection was lost before the answer was complete.",
    answer_failed: "The answer broke off. What has been written is kept.",
    rate_limited: "That’s a lot of questions at once. Please take a short break.",
    over_budget: "The assistant has answered all it can for now. Please come back later.",
    unavailable: "The assistant is busy at the moment. Please try again shortly.",
    too_large: "This message is too long for the assistant.",
    unauthenticated: "Please sign in on this site to use the chat.",
    origin_not_allowed: "This assistant isn’t available on this site.",
    other: "Something went wrong on our side. Your question is kept.",
  },
  supportNumber: "Support number:",
  retryIn: (seconds: number) => `Try again in ${duration(seconds, "s", "min", "h")}`,
};

export type Strings = typeof en;

const ru: Strings = {
  assistant: "Ассистент",
  subtitle: "Отвечает по нашим документам",
  unread: (count) => `непрочитанных: ${count}`,
  close: "Закрыть чат",
  menu: "Меню",
  back: "Назад",
  newChat: "Новый чат",
  person: "Позвать человека",
  passedOn: "Мы передали, что вы хотите поговорить с человеком.",
  history: "Прошлые чаты",
  historyEmpty: "Здесь появятся ваши чаты.",
  language: "In English",
  download: "Скачать этот чат",
  erase: "Удалить этот чат",
  eraseQuestion: "Удалить этот чат навсегда?",
  eraseYes: "Удалить",
  cancel: "Отмена",
  untitled: "Чат без названия",
  greeting: "Здравствуйте! Задайте вопрос — я поищу ответ в наших документах.",
  starters: "С чего начать",
  privacy: "Ответы пишет ИИ, он может ошибаться.",
  privacyLink: "Конфиденциальность",
  messages: "Переписка",
  composer: "Ваше сообщение",
  placeholder: "Задайте вопрос…",
  send: "Отправить",
  stop: "Остановить ответ",
  you: "Вы:",
  thinking: "Ищу ответ…",
  answered: "Ответ:",
  stopped: "Остановлено",
  retry: "Повторить",
  regenerate: "Ответить заново",
  copy: "Скопировать",
  copied: "Скопировано",
  good: "Хороший ответ",
  bad: "Плохой ответ",
  badQuestion: "Что было не так?",
  badSend: "Отправить",
  badThanks: "Спасибо, это поможет нам отвечать лучше.",
  skip: "Пропустить",
  sources: (count) => `Источники: ${count}`,
  citation: (index) => `Источник ${index}`,
  page: (page) => `стр. ${page}`,
  openPage: "Открыть страницу",
  passageMissing: "Текст вокруг цитаты больше недоступен.",
  suggestions: "Что ещё можно спросить",
  consent: "Ассистент просит разрешения:",
  consentSends: "Будет отправлено:",
  allow: "Разрешить",
  refuse: "Не разрешать",
  consentUnsent: "Ваш ответ не дошёл. Нажмите ещё раз.",
  toolDone: "готово",
  toolFailed: "не сделано",
  toolSent: "Отправлено:",
  yes: "да",
  no: "нет",
  fallback: "Ассистенту сейчас трудно ответить самому, поэтому здесь прямые цитаты из наших документов.",
  latest: "К последнему сообщению",
  tooLong: (extra) => `Сообщение длиннее, чем можно, на ${extra} ${plural(extra, "знак", "знака", "знаков")}. Сократите его, пожалуйста.`,
  offline: "Нет связи с интернетом. Сообщение подождёт вас здесь.",
  paused: "Ассистент сейчас не отвечает. Загляните, пожалуйста, позже.",
  answersFrom: (when) => `Ответы снова будут с ${when}.`,
  missing: "На этой странице ассистент недоступен.",
  loading: "Загружаю переписку…",
  errors: {
    network: "Не удалось связаться с сервером. Ваш вопрос сохранён.",
    interrupted: "Связь прервалась до конца ответа.",
    answer_failed: "Ответ оборвался. Написанное сохранено.",
    rate_limited: "Слишком много вопросов подряд. Сделайте небольшую паузу.",
    over_budget: "Ассистент исчерпал свой запас ответов. Загляните, пожалуйста, позже.",
    unavailable: "Ассистент сейчас занят. Попробуйте чуть позже.",
    too_large: "Для ассистента это сообщение слишком длинное.",
    unauthenticated: "Войдите на сайт, чтобы писать в чат.",
    origin_not_allowed: "На этом сайте ассистент недоступен.",
    other: "У нас что-то сломалось. Ваш вопрос сохранён.",
  },
  supportNumber: "Номер обращения:",
  retryIn: (seconds) => `Повторить через ${duration(seconds, "с", "мин", "ч")}`,
};

export const strings: Record<Locale, Strings> = { en, ru };

/** A wait in its largest fitting unit, rounded up. */
function duration(seconds: number, ...units: [string, string, string]): string {
  const size = seconds < 60 ? 0 : seconds <= 5_400 ? 1 : 2;
  return `${Math.ceil(seconds / 60 ** size)} ${units[size]}`;
}

function plural(count: number, one: string, few: string, many: string): string {
  const [tens, units] = [count % 100, count % 10];
  if (tens > 10 && tens < 20) return many;
  return units === 1 ? one : units > 1 && units < 5 ? few : many;
}
