/**
 * A number in a text: as it is written, and as an amount of something where the text says of what ("money €", "minutes", "percent"),
 * so that 60 minutes are an hour.
 */
export type Quantity = { number: number; amount: number; unit: string | null };

/** Units with their factor and the words for them. */
const UNITS: readonly (readonly [unit: string, factor: number, words: string])[] = [
  ["money €", 1, "€ euro euros eur евро"],
  ["money $", 1, "$ usd dollar dollars доллар доллара долларов"],
  ["money £", 1, "£ gbp pound pounds фунт фунта фунтов"],
  ["money ₽", 1, "₽ rub руб рубль рубля рублей"],
  ["percent", 1, "% percent процент процента процентов"],
  ["minutes", 1 / 60, "sec second seconds секунда секунды секунд сек"],
  ["minutes", 1, "min mins minute minutes минута минуту минуты минут мин"],
  ["minutes", 60, "h hr hrs hour hours ч час часа часов"],
  ["minutes", 1_440, "day days день дня дней сутки суток"],
  ["minutes", 10_080, "week weeks неделя неделю недели недель"],
  ["months", 1, "month months месяц месяца месяцев мес"],
  ["months", 12, "year years год года лет"],
  ["millimetres", 1, "mm мм"],
  ["millimetres", 10, "cm см"],
  ["millimetres", 1_000, "m metre metres meter meters м метр метра метров"],
  ["millimetres", 1_000_000, "km kilometre kilometres kilometer kilometers км километр километра километров"],
  ["grams", 1, "g gram grams г грамм грамма граммов"],
  ["grams", 1_000, "kg kilo kilos kilogram kilograms кг килограмм килограмма килограммов"],
  ["millilitres", 1, "ml мл"],
  ["millilitres", 1_000, "l litre litres liter liters л литр литра литров"],
];
const unitOf = new Map(UNITS.flatMap(([unit, factor, words]) => words.split(" ").map((word) => [word, { unit, factor }] as const)));

const NUMBER_WORDS: readonly (readonly [number: number, words: string])[] = [
  [1, "one один одна одну одного одной"],
  [2, "two twice два две двух двум двумя дважды"],
  [3, "three три трех трем тремя"],
  [4, "four четыре четырех четырем"],
  [5, "five пять пяти пятью"],
  [6, "six шесть шести"],
  [7, "seven семь семи"],
  [8, "eight восемь восьми"],
  [9, "nine девять девяти"],
  [10, "ten десять десяти"],
  [11, "eleven одиннадцать одиннадцати"],
  [12, "twelve dozen двенадцать двенадцати дюжина"],
  [13, "thirteen тринадцать тринадцати"],
  [14, "fourteen четырнадцать четырнадцати"],
  [15, "fifteen пятнадцать пятнадцати"],
  [16, "sixteen шестнадцать шестнадцати"],
  [17, "seventeen семнадцать семнадцати"],
  [18, "eighteen восемнадцать восемнадцати"],
  [19, "nineteen девятнадцать девятнадцати"],
  [20, "twenty двадцать двадцати"],
  [30, "thirty тридцать тридцати"],
  [40, "forty сорок сорока"],
  [50, "fifty пятьдесят пятидесяти"],
  [60, "sixty шестьдесят шестидесяти"],
  [70, "seventy семьдесят семидесяти"],
  [80, "eighty восемьдесят восьмидесяти"],
  [90, "ninety девяносто"],
  [100, "hundred сто ста"],
  [1_000, "thousand тысяча тысячу тысячи тысяч"],
];
const numberWord = new Map(NUMBER_WORDS.flatMap(([number, words]) => words.split(" ").map((word) => [word, number] as const)));
/** "десятилетняя", "двухнедельный": a number grown together with its unit. */
const COMPOUND = /^(двух|трех|четырех|пяти|шести|семи|восьми|девяти|десяти|двенадцати)(летн|дневн|часов|недельн|месячн|минутн)/;
const COMPOUND_UNIT: Record<string, string> = {
  летн: "лет",
  дневн: "дней",
  часов: "часов",
  недельн: "недель",
  месячн: "месяцев",
  минутн: "минут",
};

const DATES: readonly string[] = [
  "january январь января январе",
  "february февраль февраля феврале",
  "March март марта марте",
  "april апрель апреля апреле",
  "May май мая мае",
  "june июнь июня июне",
  "july июль июля июле",
  "August август августа августе",
  "september сентябрь сентября сентябре",
  "october октябрь октября октябре",
  "november ноябрь ноября ноябре",
  "december декабрь декабря декабре",
  "monday mondays понедельник понедельника понедельникам",
  "tuesday tuesdays вторник вторника вторникам",
  "wednesday wednesdays среда среду средам",
  "thursday thursdays четверг четверга четвергам",
  "friday fridays пятница пятницу пятницы пятницам",
  "saturday saturdays суббота субботу субботы субботам",
  "sunday sundays воскресенье воскресенья воскресеньям",
];
/** "May" and "march" are words as well: those that have a capital here need it in the text. */
const dateWord = new Map(DATES.flatMap((words, at) => words.split(" ").map((word) => [word, at] as const)));

const TOKEN =
  /(?<clock>\d{1,2}:\d{2})(?:\s?(?<half>[ap])\.?m\b)?|(?:(?<currency>[€$£₽])\s?)?(?<number>\d{1,3}(?:[ \u00a0\u202f,.]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)|(?<word>[\p{L}%€$£₽]+)/giu;
/** Words that may stand between a number and its unit. */
const BETWEEN = new Set(["working", "business", "calendar", "full", "рабочих", "рабочий", "рабочего", "календарных", "полных"]);

type Token = { number: number | null; unit: string | null; word: string; end: number };

function readNumber(written: string): number {
  const grouped = /^\d{1,3}([ \u00a0\u202f,.]\d{3})+$/.test(written);
  return Number(grouped ? written.replace(/[ \u00a0\u202f,.]/g, "") : written.replace(",", "."));
}

/** Numbers and words in their order. */
function tokensOf(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map((match) => {
    const { clock, half, currency, number, word = "" } = match.groups!;
    const token: Token = { number: null, unit: null, word: word.replace(/ё/gi, "е"), end: match.index + match[0].length };
    if (clock) {
      const [hours, minutes] = clock.split(":").map(Number);
      const later = half?.toLowerCase() === "p" && hours! < 12 ? 12 : 0;
      return { ...token, number: hours! + later + minutes! / 100, unit: "clock" };
    }
    if (number) return { ...token, number: readNumber(number), unit: currency ? unitOf.get(currency)!.unit : null };
    return token;
  });
}

/** The numbers of a text, in digits and in words, with their units; of a range both ends. */
export function quantities(text: string): Quantity[] {
  const whole = text.normalize("NFC");
  const tokens = tokensOf(whole);
  return tokens.flatMap((token, at): Quantity[] => {
    const lower = token.word.toLowerCase();
    const compound = COMPOUND.exec(lower);
    const number = token.number ?? numberWord.get(compound?.[1] ?? lower);
    if (number === undefined) return [];
    if (token.unit) return [{ number, amount: number, unit: token.unit }];
    // The unit follows, also behind the other end of a range and behind "working".
    let next = at + 1;
    if (tokens[next]?.number != null && /^\s?[–—-]/.test(whole.slice(token.end))) next++;
    if (BETWEEN.has(tokens[next]?.word.toLowerCase() ?? "")) next++;
    const following = compound ? COMPOUND_UNIT[compound[2]!]! : (tokens[next]?.word.toLowerCase() ?? "");
    if (following === "am" || following === "pm") {
      const hour = number + (following === "pm" && number < 12 ? 12 : 0);
      return [{ number: hour, amount: hour, unit: "clock" }];
    }
    const unit = unitOf.get(following);
    return [{ number, amount: number * (unit?.factor ?? 1), unit: unit?.unit ?? null }];
  });
}

/** The months and weekdays that a text names, as numbers. */
export function dates(text: string): Set<number> {
  const named = tokensOf(text.normalize("NFC")).map(({ word }) => dateWord.get(word) ?? dateWord.get(word.toLowerCase()));
  return new Set(named.filter((date) => date !== undefined));
}

const near = (a: number, b: number) => Math.abs(a - b) < 1e-6;

/** Can a number in a claim mean one that a text gives? One without a unit fits any, but money and percents have to be said. */
export function sameQuantity(claimed: Quantity, given: Quantity): boolean {
  if (claimed.unit && given.unit) return claimed.unit === given.unit && near(claimed.amount, given.amount);
  return near(claimed.number, given.number) && !/^(money|percent)/.test(claimed.unit ?? "");
}
