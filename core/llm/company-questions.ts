import { isCyrillic, type Locale } from "../locales.ts";
import { type Quantity, quantities } from "./quantities.ts";
import { splitSentences } from "./sentences.ts";
import { stems } from "./stems.ts";

/**
 * What is asked of the company itself, in words that its documents seldom use: "Where are you?" is answered by "Come to Jezerska 14".
 * Hardly a word of such a question says what to look for, so that neither the search nor a comparison of words finds an answer.
 */
export type CompanyQuestion = {
  subject: "prices" | "place" | "contact" | "hours" | "offer";
  /** Words that documents have where they answer it, for the search; the most telling first. */
  search: Record<Locale, string>;
  /** Does a sentence give such an answer? `numbers` are those of the text. */
  given(text: string, numbers: Quantity[]): boolean;
};

type Known = CompanyQuestion & {
  asked: RegExp;
  /** All meaningful words that such a question may have; with another it asks for something else ("Where are you shipping from?"). */
  words: Set<string>;
};

const COMPANY =
  "shop store office company business showroom branch clinic school studio team магазин офис компания фирма салон филиал клиника школа студия мастерская";
const wordsOf = (words: string) => stems(`${COMPANY} ${words}`);
/** Cyrillic letters are no word characters to `\b`. */
const russian = (words: string) => `(?<!\\p{L})(?:${words})(?!\\p{L})`;
const either = (english: string, inRussian: string) => new RegExp(`\\b(?:${english})\\b|${russian(inRussian)}`, "iu");
const OPEN = either("open|opens|opening|closed|closes", "открыт\\p{L}*|закрыт\\p{L}*|работа(?:ет|ем|ют)|выходн\\p{L}+");
const DAYS = either(
  "(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|daily|every day|holidays?",
  "понедельник\\p{L}*|вторник\\p{L}*|сред[уы]|четверг\\p{L}*|пятниц\\p{L}+|суббот\\p{L}+|воскресень\\p{L}+|выходны\\p{L}+|ежедневно|каждый день|праздник\\p{L}*",
);

const STREETS = [
  /\b(?:at|on) (?:\d+[a-z]?,? )?\p{Lu}[\p{L}'’.-]+(?: [\p{Lu}][\p{L}'’.-]+)*,? \d/u,
  /\b\d+[a-z]? (?:\p{Lu}[\p{L}'’-]+ )+(?:[Ss]treet|[Ss]t|[Rr]oad|[Rr]d|[Aa]venue|[Aa]ve|[Ll]ane|[Ss]quare|[Bb]oulevard)\b/u,
  /(?<!\p{L})(?:по адресу:?|ул\.|улиц[аеы]|пр-т|просп\.|проспект\p{L}*|наб\.|набережн\p{L}+|шоссе|пер\.|переул\p{L}+|площад\p{L}+) ?[\p{L}«]/iu,
];
const SITUATED = either(
  "(?:we are|we're|(?:shop|store|office|branch|clinic|school|studio|headquarters)(?:e?s)? (?:is|are)|located|based) (?:in|at|on|near)",
  "(?:находимся|находится|располагаемся|расположен[аоы]?|(?:мы|офис|магазин|школа|клиника|салон|студия) —) (?:в|на|по|недалеко|рядом|у)",
);
/** "Tarn is a small maker of bottles", "We sell tents", "Riverside Clinic treats children". */
const TRADES = [
  /^\p{Lu}\S+(?: \p{Lu}\S+)? (?:sells|makes|produces|offers|provides|designs|teaches|treats|repairs|helps|runs|organi[sz]es|serves)\b/u,
  /^(?:\p{Lu}\p{Ll}+ )?«?\p{Lu}[^»]{1,40}»? (?:прода[её]т|делает|выпускает|предлагает|помогает|обучает|учит|лечит|организует|обслуживает)/u,
  either(
    "^we (?:sell|make|produce|offer|provide|build|design|teach|treat|repair|help|run|organi[sz]e|speciali[sz]e)|(?:is|are) (?:an? )?(?:\\p{L}+ ){0,3}(?:maker|manufacturer|shop|store|company|clinic|school|bank|agency|studio|service|workshop|supplier)s?",
    "^мы (?:прода[её]м|делаем|выпускаем|производим|предлагаем|занимаемся|помогаем|обучаем|учим|лечим|организуем|шь[её]м)|(?:—|–|это) (?:\\p{L}+ ){0,3}(?:мастерская|магазин|компания|клиника|школа|банк|агентство|студия|сервис|производитель)",
  ),
];

/** Of these the first that fits counts: an e-mail address is a way to get in touch, and no place. */
const KNOWN: readonly Known[] = [
  {
    subject: "contact",
    asked: either(
      "contacts?|get in touch|reach (?:you|your|someone|support)|(?:call|phone|e-?mail|write to|message) (?:you|your|the)|phone|telephone|e-?mail",
      "контакт\\p{L}*|связаться|обратная связь|позвонить|написать|дозвониться|телефон\\p{L}*|почт[аыу]|имейл|e-?mail",
    ),
    words: wordsOf(
      "contact contacts details e get touch reach call phone telephone number email mail write message address someone support customer service связаться обратная связь контакты контактные данные позвонить написать дозвониться телефон номер почта электронная адрес поддержка служба поддержки имейл",
    ),
    search: { en: "contact write email phone call", ru: "связаться напишите писать почта телефон звоните контакты" },
    given: (text) => /[^\s@]+@[^\s@]+\.\p{L}{2,}/u.test(text) || /(?<![\d.,])\+?\d[\d\s()–-]{7,}\d(?!\d)/.test(text),
  },
  {
    subject: "place",
    asked: either(
      "where (?:(?:are|is|can|do|exactly|in)\\b.*)?(?:you|your|shop|store|office|company|clinic|school)|how (?:do|can) (?:i|we) (?:find|get to|come to) (?:you|your)|(?:which|what) (?:city|town|country) are you|address|location",
      "где(?=.*(?<!\\p{L})(?:вы|вас|ваш\\p{L}*|магазин|офис|компания|клиника|школа|салон|студия|находитесь|располагаетесь)(?!\\p{L}))|адрес\\p{L}*|как (?:(?:к|до) )?(?:вас|вам)|как (?:найти|доехать до|добраться до) (?:ваш\\p{L}* )?(?:магазин|офис|клиник|школ|салон)\\p{L}*|как (?:добраться|доехать|проехать)|в каком (?:вы )?городе",
    ),
    words: wordsOf(
      "located location situated based find address street city town country come visit get exact physical находитесь находится расположены расположен располагаетесь найти адрес город улица добраться доехать проехать попасть приехать",
    ),
    search: {
      en: "address located street road square floor shop store office",
      ru: "адрес находимся находится расположен улица площадь проспект этаж магазин офис",
    },
    given: (text) => STREETS.some((street) => street.test(text)) || SITUATED.test(text),
  },
  {
    subject: "hours",
    asked: either(
      "(?:are|is|do|does) .*(?:open|close|closed)|opening (?:hours|times?)|(?:business|working|office|shop|store) hours|(?<!how many )hours",
      "график\\p{L}*|режим|час[ыа]? работы|время работы|(?:когда|до скольки|со скольки|во сколько) .*(?:работа|откры|закры)\\p{L}+",
    ),
    words: wordsOf(
      "open opens opening close closes closed hours times business working work schedule today now график режим работы работа работаете работает открыты открывается открываетесь закрываетесь закрывается открыт часы время",
    ),
    search: {
      en: "open opening hours closed Monday Friday",
      ru: "работает работаем открыт закрыт часы график понедельника пятницу выходной",
    },
    given: (text, numbers) => OPEN.test(text) && (DAYS.test(text) || numbers.filter(({ unit }) => unit === "clock").length > 1),
  },
  {
    subject: "offer",
    asked: either(
      "what (?:do|can|does) (?:you|your (?:shop|store|company)|this (?:shop|store|company)) (?:sell|offer|make|do|produce|provide)|what (?:products|goods|services) .*|who are you|what is (?:this|your) (?:shop|store|company|business)|about (?:you|your company|the company|this company)",
      "что (?:вы |у вас )?(?:прода[её]те|предлагаете|делаете|производите|можно купить|есть)|чем (?:вы )?(?:занимаетесь|торгуете)|чем занимается .*|кто вы(?: такие)?|о (?:вас|компании|магазине)|какие (?:у вас )?(?:товары|услуги)",
    ),
    words: wordsOf(
      "sell offer make produce provide products goods services range tell продаете предлагаете делаете производите купить товары услуги ассортимент занимаетесь занимается торгуете такие",
    ),
    search: {
      en: "make sell offer provide maker company teach treat help organise",
      ru: "делаем продаем выпускаем предлагаем мастерская компания магазин обучаем лечим помогаем организуем",
    },
    given: (text) => TRADES.some((trade) => trade.test(text)),
  },
  {
    subject: "prices",
    asked: either(
      "prices?|pricing|costs?|fees?|rates?|how much",
      "цен[аы]?|прайс\\p{L}*|расценки|стоимость|сколько (?:это )?сто[ия]т|почем|почём",
    ),
    words: wordsOf(
      "price prices cost costs pricing fee charge list product products goods services rates прайс лист товары услуги продукция это",
    ),
    search: { en: "price costs", ru: "цена стоит стоимость" },
    given: (_, numbers) => numbers.some(({ unit }) => unit?.startsWith("money")),
  },
];

/** Does a heading, or a question of an FAQ, ask the same? Then what stands below it answers, whatever it says. */
export const asksSame = (company: CompanyQuestion, heading: string): boolean => companyQuestion(heading)?.subject === company.subject;

/** More characters than this ask for something in particular. */
const LONGEST = 150;

/** So many words are searched for in the other language too: documents may be in that one alone. */
const IN_OTHER_LANGUAGE = 2;

/** What to search for besides the words of a question, where it asks something of the company itself; "" for other questions. */
export function searchWords(question: string): string {
  const { search } = companyQuestion(question) ?? {};
  if (!search) return "";
  const [own, other] = isCyrillic(question) ? [search.ru, search.en] : [search.en, search.ru];
  return [own, ...other.split(" ").slice(0, IN_OTHER_LANGUAGE)].join(" ");
}

/** What a question asks of the company itself, and nothing more; null where it asks something else. */
export function companyQuestion(question: string): CompanyQuestion | null {
  if (question.length > LONGEST) return null;
  const own = stems(question);
  return KNOWN.find(({ asked, words }) => asked.test(question) && [...own].every((term) => words.has(term))) ?? null;
}

/**
 * Passages in the order in which they answer what is asked of the company itself: those in the question's language, then those that give
 * most, else as they are. They keep their order for other questions.
 */
export function givingFirst<T extends { body: string; heading_path: string[] }>(question: string, passages: T[]): T[] {
  const company = companyQuestion(question);
  if (!company) return passages;
  const rated = passages.map((passage) => {
    const sentences = splitSentences(passage.body).map(({ text }) => text);
    const giving = sentences.filter((text) => company.given(text, quantities(text))).length;
    const below = [...sentences, passage.heading_path.at(-1) ?? ""].filter((text) => asksSame(company, text)).length;
    return { passage, giving: giving + below, own: giving + below > 0 && isCyrillic(passage.body) === isCyrillic(question) };
  });
  return rated.sort((a, b) => Number(b.own) - Number(a.own) || b.giving - a.giving).map(({ passage }) => passage);
}
