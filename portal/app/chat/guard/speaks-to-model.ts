import { visible } from "./visible.ts";

/** What texts say that are written for a model to obey rather than for people to read, in English and Russian. */
const ORDERS = [
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|rule|prompt|guideline|above|previous|prior|earlier|context|polic)/,
  /\b(?:system|developer|hidden|initial|secret)\s+(?:prompt|message|instruction)/,
  /\b(?:new|updated|revised)\s+(?:instruction|rule|system)/,
  /\b(?:assistant|chat ?bot|a\.?i\.?|llm|language model|gpt|agent)s?\b\s?(?:[:,]|must|should|shall|will|has to|please|reading)/,
  /\byou\s+are\s+(?:now|no longer|an? (?:unrestricted|ai|assistant|different))\b/,
  /\b(?:print|reveal|show|repeat|output|display|render|append|insert|embed|emit|include|end|finish)\b.{0,60}\b(?:image|picture|pixel|link|markdown|prompt|rules|instructions|url|address)\b/,
  /\b(?:call|invoke|run|execute|trigger)\b.{0,20}\b(?:tool|function|action)\b/,
  /\b(?:do not|don't|never)\s+(?:mention|tell|reveal|warn|inform)\b/,
  /\b(?:jailbreak|developer mode|dan mode|do anything now|debug mode|maintenance mode)\b/,
  /(?:^|\n)\s*(?:[#[<|*]+\s*)?(?:system|assistant|developer|system note|note to (?:the )?(?:assistant|model|ai))\b\s*[\]>|*]*\s*:/,
  /\b(?:in|to|before|with|after) (?:your|every|each) (?:answer|reply|response)\b/,
  /(?:игнорир|забуд|проигнорир|отмени|обойди|не обращай).{0,40}(?:инструкц|правил|указани|предыдущ|прежн|выше|промпт|огранич)/,
  /(?:системн|скрыт|секретн|начальн)\S{0,4}\s+(?:промпт|подсказк|сообщени|инструкц|запрос)/,
  /нов(?:ые|ая|ое)\s+(?:инструкц|правил|указани)/,
  /(?:^|[\s«"(])(?:ассистент|помощник|чат-?бот|бот|нейросеть|языковая модель|модель|ии|агент)(?:[:,]|\s+(?:долж|обязан|пусть))/,
  /(?:ты|вы)\s+(?:теперь|больше не|отныне)/,
  /(?:покажи|выведи|вставь|добавь|раскрой|напечатай|повтори|отобрази|приложи|закончи|заверши)\S{0,4}.{0,60}(?:картин|изображени|пиксел|ссылк|правил|инструкц|промпт|адрес)/,
  /(?:вызови|запусти|выполни)\S{0,4}.{0,20}(?:инструмент|функци|действи)/,
  /(?:не|никогда не)\s+(?:упоминай|говори|сообщай|рассказывай|предупреждай)/,
  /режим\S{0,2}\s+(?:разработчик|отладк|обслуживани)/,
  /(?:^|\n)\s*(?:[#[<|*]+\s*)?(?:система|системное сообщение|разработчик)\s*[\]>|*]*\s*:/,
  /(?:в|к|перед|после)\s+(?:конце\s+)?(?:кажд\S+\s+|сво\S+\s+)(?:ответ)/,
];
/** Patterns are tried on stretches of this length that overlap, so that none is missed and none runs far. */
const AT_ONCE = 2_000;
const OVERLAP = 200;

/**
 * Does a text speak to the model that reads it? A guess by its words: good enough for not handing on addresses from such a text,
 * which costs an honest one nothing but a link.
 */
export function speaksToModel(text: string): boolean {
  const read = visible(text).normalize("NFKC").toLowerCase().replaceAll("ё", "е");
  for (let at = 0; at < read.length; at += AT_ONCE - OVERLAP) {
    const stretch = read.slice(at, at + AT_ONCE);
    if (ORDERS.some((order) => order.test(stretch))) return true;
  }
  return false;
}
