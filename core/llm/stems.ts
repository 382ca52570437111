import snowball from "snowball-stemmers";
import { isCyrillic } from "../locales.ts";
import { MEASURES, SYNONYMS } from "./synonyms.ts";

const english = snowball.newStemmer("english");
const russian = snowball.newStemmer("russian");

/** Words too common to say what a text is about. */
const STOP_WORDS = new Set(
  [
    "a an the and or but if of to in on at by for from with about into over under after before between during without within as is are was were be been being am do does did done doing have has had having can could will would shall should may might must i me my mine we us our ours you your yours he him his she her hers it its they them their theirs this that these those there here who whom whose which what when where why how not no nor so than then too very just also only own same such any some all each every both few more most other another again once ever please tell know want need get give got let much many long often soon fast take takes come comes yes mean available policy s t d ll re ve m",
    "и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого какой какая какое какие каком каких какую совсем ним здесь этом один почти мой тем вами нами чтобы нее сейчас были куда зачем всех никогда можно при наконец два об другой хоть после над больше тот через эти нас про всего них много разве три эту моя впрочем хорошо свою этой перед иногда лучше чуть том нельзя такой им более всегда конечно всю между это сколько который которая которое которые которого которой которых которым почему скажите подскажите пожалуйста расскажите хочу нужно мочь могу можете ваш ваша ваше ваши вашей вашу вашего нам мои мне свой свои является являются долго часто скоро идет идут бывает бывают скольки каким какими какого какому какою взять брать действует действуют",
  ].flatMap((line) => line.split(" ")),
);

// Not `Kept`, which writes at every hit: all words of all passages are looked up here.
/** So many words are new before the ones that nobody used meanwhile are forgotten. */
const GENERATION = 10_000;
let recent = new Map<string, string>();
let older = new Map<string, string>();

/** The stem of one word, Cyrillic by the Russian stemmer and the rest by the English one; ё counts as е. */
export function stem(word: string): string {
  const lower = word.toLowerCase().replaceAll("ё", "е");
  const known = recent.get(lower);
  if (known !== undefined) return known;
  // A word cut out of a text refers to that text, which would stay in memory for as long as the word: a copy is kept.
  const own = ` ${lower}`.slice(1);
  const stemmed = older.get(lower) ?? stemOf(own);
  if (recent.size >= GENERATION) [older, recent] = [recent, new Map()];
  recent.set(own, stemmed);
  return stemmed;
}

function stemOf(lower: string): string {
  if (lower.length < 3 || /^\p{N}/u.test(lower)) return lower;
  return (/[а-я]/.test(lower) ? russian : english).stem(lower);
}

const meanings = new Map(SYNONYMS.flatMap((line) => line.split(" ").map((word) => [stem(word), `=${line.split(" ")[0]}`] as const)));

/** A word's stem, or what it shares with its synonyms; null for words too common to say anything. */
export function term(word: string): string | null {
  const lower = word.toLowerCase().replaceAll("ё", "е");
  if (!lower || STOP_WORDS.has(lower)) return null;
  const stemmed = stem(lower);
  return meanings.get(stemmed) ?? stemmed;
}

const measures = new Map(MEASURES.map((line) => [`=${line.split(" ")[0]}`, line.split(" ")]));

/** Other words for what a text asks to measure, in the words' own languages: "weight" for "How heavy is it?". */
export function measuresOf(text: string): string[] {
  const found = new Set<string>();
  for (const [word] of text.normalize("NFC").matchAll(/\p{L}+/gu))
    for (const other of measures.get(term(word) ?? "") ?? [])
      if (isCyrillic(other) === isCyrillic(word) && stem(other) !== stem(word)) found.add(other);
  return [...found];
}

/** A text without what two writers of the same question do differently: capitals, punctuation, spaces, ё. */
export const plainQuestion = (text: string): string =>
  text
    .normalize("NFC")
    .toLowerCase()
    .replaceAll("ё", "е")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** The distinct stems of a text's meaningful words, in order of appearance; synonyms count as one. */
export function stems(text: string): Set<string> {
  const found = new Set<string>();
  for (const [word] of text.normalize("NFC").matchAll(/[\p{L}\p{N}]+(?:[-'’.][\p{L}\p{N}]+)*/gu)) {
    for (const part of word.split(/[-'’]/)) {
      const known = term(part);
      if (known) found.add(known);
    }
  }
  return found;
}
