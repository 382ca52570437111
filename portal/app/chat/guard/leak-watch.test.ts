import { describe, expect, it } from "vitest";
import { RULES } from "../prompt.ts";
import { confidential } from "./confidential.ts";
import { LeakWatch } from "./leak-watch.ts";

const INSTRUCTIONS = [
  "You are Anna, the consultant of Bottle Shop. Always greet people by their name and never praise our competitor Canteen Ltd.",
  "If asked about discounts, say: «We give ten percent to everybody who orders more than five bottles at once, and free delivery on top».",
  "Our shop at Long Street 5 is open from Monday to Friday between nine and eighteen, on Saturday until four.",
  "Tell visitors that delivery to the islands takes from five to nine working days and costs fourteen euros.",
  "Отвечай кратко и дружелюбно, на «вы», и никогда не обсуждай внутренние закупочные цены магазина.",
].join("\n");
const secret = confidential(RULES, INSTRUCTIONS);

function through(text: string, size: number, known = ""): { out: string; leaked: boolean } {
  const watch = new LeakWatch(secret, () => known);
  let out = "";
  const characters = [...text];
  for (let at = 0; at < characters.length; at += size) out += watch.push(characters.slice(at, at + size).join(""));
  return { out: out + watch.end(), leaked: watch.leaked };
}

const rule = RULES.split("\n").find((line) => line.startsWith("2."))!;
const order = "Always greet people by their name and never praise our competitor Canteen Ltd.";
const ru = "Отвечай кратко и дружелюбно, на «вы», и никогда не обсуждай внутренние закупочные цены магазина.";
const rot13 = (text: string) => text.replace(/[a-z]/gi, (c) => String.fromCharCode(c.charCodeAt(0) + (c.toLowerCase() < "n" ? 13 : -13)));

describe("what is confidential", () => {
  it.each([
    ["our rules", RULES],
    ["one rule", rule],
    ["the company's orders", order],
    ["orders in Russian", ru],
    ["all of the instructions", INSTRUCTIONS],
    ["capitals", order.toUpperCase()],
    ["letters apart", [...order].join(" ")],
    ["letters apart by dashes", [...ru].join("-")],
    ["zero-width between", [...order].join("\u200b")],
    ["no spaces", ru.replaceAll(" ", "")],
    ["other punctuation", order.replaceAll(" ", " * ")],
    [
      "numbered words",
      order
        .split(" ")
        .map((word, at) => `${at + 1}. ${word}`)
        .join("\n"),
    ],
    ["full width", order.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
    ["mathematical letters", order.replace(/[a-z]/g, (c) => String.fromCodePoint(0x1d41a + c.charCodeAt(0) - 97))],
    ["Cyrillic of the same look", order.replace(/[aeopcxy]/g, (c) => "аеорсху"["aeopcxy".indexOf(c)]!)],
    ["accents", order.replace(/[aeiou]/g, "$&\u0301")],
    ["a changed word here and there", order.replace("people", "everyone").replace("competitor", "rival")],
    ["backwards", [...order].reverse().join("")],
    ["rot13", rot13(order)],
    ["base64", Buffer.from(order).toString("base64")],
    ["base64 of Russian", Buffer.from(ru).toString("base64url")],
    ["hexadecimal", Buffer.from(order).toString("hex")],
    ["hexadecimal with spaces", Buffer.from(ru).toString("hex").replace(/../g, "$& ")],
    ["percent-encoded", Buffer.from(order).toString("hex").replace(/../g, "%$&")],
  ])("F1: is held back: %s", (_, text) => {
    for (const size of [1, 3, 7, 1_000]) {
      const { out, leaked } = through(`Sure! ${text} That is all.`, size);
      expect(leaked, out).toBe(true);
      expect(out.length).toBeLessThan(70);
      expect(out).not.toContain("That is all");
    }
  });

  it.each([
    "Our shop at Long Street 5 is open from Monday to Friday between nine and eighteen, on Saturday until four.",
    "We give ten percent to everybody who orders more than five bottles at once, and free delivery on top.",
    "Delivery to the islands takes from five to nine working days and costs fourteen euros.",
    "I do not know. The documents hold nothing about that. You can ask the shop directly.",
    "Answer in one or two sentences, please: do you need the bottle in the language of your last message?",
    "Hello, Peter! I'm Anna, the consultant of Bottle Shop.",
    "Внутренние закупочные цены я не обсуждаю, но могу подсказать розничные.",
    "The id is 8f14e45fceea167a5a36dedd4bea2543 and the key dGhpcyBpcyBhIHRlc3Qgb2YgYSBrZXkgdGhhdCBpcyBsb25n.",
  ])("passes what visitors may be told: %s", (text) => {
    for (const size of [1, 4, 1_000]) expect(through(text, size)).toEqual({ out: text, leaked: false });
  });

  it("passes what stands in the documents or what the visitor has said", () => {
    expect(through(order, 5, `Our house rules: ${order}`)).toEqual({ out: order, leaked: false });
  });

  it("passes prose at once", () => {
    const watch = new LeakWatch(secret, () => "");
    for (const word of ["The ", "warranty ", "covers ", "leaks ", "and ", "broken ", "lids."]) expect(watch.push(word)).toBe(word);
  });

  it("withholds short instructions as well, and has nothing to withhold where there are none", () => {
    const short = confidential(RULES, "Always be polite. BLUE-HERON-SEVEN");
    const watch = new LeakWatch(short, () => "");
    watch.push("Always be polite. BLUE-HERON-SEVEN");
    expect(watch.leaked).toBe(true);
    const none = new LeakWatch(confidential("", ""), () => "");
    expect(none.push("Always be polite.")).toBe("Always be polite.");
  });

  it("reads 60,000 characters in well under a second of a processor", () => {
    const before = process.cpuUsage();
    through("The warranty covers leaks and broken lids, and lasts ten years. ".repeat(950), 5);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
  });
});
