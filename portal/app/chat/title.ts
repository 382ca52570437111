import { smallTalk } from "@gpt-agent/core/llm/quotes-words";

const LONGEST = 60;
const GREETING =
  /^(hi|hello|hey|good (morning|afternoon|evening)|привет|здравствуйте|здравствуй|добрый (день|вечер)|доброе утро)[\s,.!–—-]+/iu;
const POLITE =
  /^(please|could you (please )?tell me|can you tell me|i('d| would) like to know|подскажите|скажите|расскажите|пожалуйста|хочу узнать|хотел(а)? бы узнать)[\s,:–—-]+/iu;

/**
 * A conversation's title: its first real question without the greeting, one line, up to 60 characters and cut after a word.
 * Null for pleasantries, which leave the title to the question that follows. Text of a visitor: escape it like any.
 */
export function titleOf(question: string): string | null {
  if (smallTalk(question)) return null;
  let text = question.replace(/\s+/g, " ").trim();
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(GREETING, "").replace(POLITE, "");
  }
  text = (/^.{8,}?[.!?](?=\s)/u.exec(text)?.[0] ?? text).trim();
  if (!text) return null;
  const characters = [...text];
  const whole =
    characters.length <= LONGEST
      ? text
      : `${characters
          .slice(0, LONGEST)
          .join("")
          .replace(/\s+\S*$/, "")}…`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
