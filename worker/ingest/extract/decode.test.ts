import { describe, expect, test } from "vitest";
import { decode, encodingOf } from "./decode.ts";

const RUSSIAN = [
  "Гарантия на все чайники — 24 месяца со дня покупки. Ёмкость модели «Стандарт» составляет 1,7 литра, мощность 2200 Вт.",
  "Чтобы вернуть товар, напишите в поддержку и приложите чек. Деньги придут на карту в течение десяти рабочих дней после проверки.",
  "ВНИМАНИЕ! Перед первым использованием прочитайте инструкцию. Не погружайте прибор в воду, не включайте его без крышки.",
];
/** The characters that every one of the encodings has. */
const plain = (text: string) => text.replace(/[«»]/g, '"').replace(/—/g, "-");

/** Encodes by asking TextDecoder what each byte means. */
function encode(text: string, encoding: string): Uint8Array {
  const table = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) table.set(new TextDecoder(encoding).decode(Uint8Array.of(byte)), byte);
  return Uint8Array.from([...text].map((character) => table.get(character) ?? 0x3f));
}
const utf16 = (text: string, order: "le" | "be") => {
  const bytes = Buffer.from(text, "utf16le");
  return order === "le" ? bytes : bytes.swap16();
};

describe("text in Russian", () => {
  test.each(["windows-1251", "koi8-r", "ibm866", "iso-8859-5", "x-mac-cyrillic"])("%s", (encoding) => {
    for (const text of RUSSIAN.map(plain)) expect(decode(encode(text, encoding))).toBe(text);
  });

  test("a short line in each encoding", () => {
    for (const encoding of ["windows-1251", "koi8-r", "ibm866"]) expect(decode(encode("Привет, мир", encoding))).toBe("Привет, мир");
  });

  test("mostly English with a few Russian words", () => {
    const text = `${"The kettle holds 1.7 litres and heats up in four minutes. ".repeat(20)}Чайник «Стандарт», гарантия.`;
    expect(decode(encode(text, "windows-1251"))).toBe(text);
  });

  test("UTF-8 and UTF-16, with a byte order mark and without", () => {
    for (const text of RUSSIAN) {
      expect(decode(Buffer.from(text))).toBe(text);
      expect(decode(Buffer.from(`\ufeff${text}`))).toBe(text);
      for (const order of ["le", "be"] as const) {
        expect(decode(utf16(`\ufeff${text}`, order))).toBe(text);
        expect(decode(utf16(text, order))).toBe(text);
      }
    }
  });
});

describe("text in other languages", () => {
  test("English in UTF-16 without a mark", () => {
    expect(decode(utf16("The warranty lasts two years.", "le"))).toBe("The warranty lasts two years.");
    expect(decode(utf16("The warranty lasts two years.", "be"))).toBe("The warranty lasts two years.");
  });

  test("French in windows-1252 is not taken for Russian", () => {
    const text = "Le café est servi à l'étage, près de l'entrée principale. Où êtes-vous ? Déjà là, très bientôt.";
    expect(decode(Buffer.from(text, "latin1"))).toBe(text);
  });

  test("what a document says of itself counts only where its bytes do not say", () => {
    expect(encodingOf(Buffer.from("Привет"), "windows-1251")).toBe("utf-8");
    expect(encodingOf(encode("Привет, это текст", "windows-1251"), "utf-8")).toBe("windows-1251");
    expect(encodingOf(Buffer.from("Grüße aus Köln", "latin1"), "iso-8859-15")).toBe("iso-8859-15");
    expect(encodingOf(Buffer.from("Grüße", "latin1"), "no-such-charset")).not.toBe("no-such-charset");
  });

  test("a cut UTF-8 file stays UTF-8", () => {
    const cut = Buffer.from("Гарантия действует два года.").subarray(1);
    expect(decode(cut)).toContain("арантия действует два года.");
  });

  test("no bytes at all", () => {
    expect(decode(new Uint8Array())).toBe("");
    expect(decode(Uint8Array.of(0xef, 0xbb, 0xbf))).toBe("");
  });
});
