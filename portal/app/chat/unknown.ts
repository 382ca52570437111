/** A sentence that says its author does not know, or that the documents do not tell. About the documents or "I": a shop may well "not have" parking. */
const UNKNOWN = [
  /\bI(['’]m| am)? (sorry,? )?(but )?(I )?(do not|don['’]t|cannot|can['’]t|could not|couldn['’]t|was unable to|wasn['’]t able to|am unable to|unable to|am not able to|not able to|am not sure|not sure)\b/i,
  /\b(documents?|passages?|materials?|sources?|information|context|knowledge base|text)\b[^.!?]{0,60}\b(do not|don['’]t|does not|doesn['’]t|did not|didn['’]t|has no|have no|hold no|holds? no|contains? no)\b/i,
  /\bthere(['’]s| is| was| are) (no|nothing)\b[^.!?]{0,80}\b(documents?|passages?|materials?|sources?|information|mention|answer)\b/i,
  /\b(no|any) (information|mention|details?|answer)\b[^.!?]{0,60}\b(found|available|documents?|passages?|sources?)\b/i,
  /\b(is not|isn['’]t|are not|aren['’]t|not) (covered|mentioned|described|specified|stated|found|listed|given|included) (in|by) (what|the|my|our|these|those|any)\b[^.!?]{0,30}\b(have|documents?|passages?|materials?|sources?|information|knowledge|texts?)\b/i,
  /(?<!\p{L})я\s(к сожалению,?\s)?(этого\s)?(не\s(знаю|могу|нашел|нашёл|нашла|располагаю|уверен\p{L}*)|не имею)(?!\p{L})/iu,
  /(?<!\p{L})(мне не (удалось|известно)|не могу (ответить|сказать|найти|подтвердить)|у меня нет (таких |этих |никаких |точных )?(сведений|информации|данных|ответа))(?!\p{L})/iu,
  /(?<!\p{L})(документах|документации|материалах|фрагментах|источниках|отрывках|тексте|базе знаний)(?!\p{L})[^.!?]{0,60}(?<!\p{L})(нет|не)(?!\p{L})/iu,
  /(?<!\p{L})(нет|не нашлось|не нашёл|не нашел|не найдено|отсутству\p{L}+)(?!\p{L})[^.!?]{0,60}(?<!\p{L})(информаци\p{L}+|сведени\p{L}+|документах|материалах|фрагментах|источниках|ответа)(?!\p{L})/iu,
  /(?<!\p{L})(об этом|про это)(?!\p{L})[^.!?]{0,40}(?<!\p{L})(не|ничего|нет)(?!\p{L})/iu,
  /(?<!\p{L})(информаци\p{L}+|сведени\p{L}+)(?!\p{L})[^.!?]{0,60}(?<!\p{L})(нет|не|отсутству\p{L}+)(?!\p{L})/iu,
];

/** Does a sentence say that its author does not know? In English and Russian. */
export const saysUnknown = (sentence: string): boolean => UNKNOWN.some((pattern) => pattern.test(sentence));
