import { describe, expect, test } from "vitest";
import { displayFileName } from "./file-name";

describe("T50: a file's name as it is shown", () => {
  test.each([
    ["../../etc/passwd", "passwd"],
    ["..\\..\\boot.ini", "boot.ini"],
    ["/etc/passwd", "passwd"],
    ["C:\\Users\\a\\x.pdf", "x.pdf"],
    ["....//....//x.pdf", "x.pdf"],
    ["..", "file"],
    ["...", "file"],
    ["", "file"],
    ["   ", "file"],
    ["folder/", "file"],
    ["a\u0000.pdf", "a.pdf"],
    ["a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"],
    ["invoice\u202Efdp.exe", "invoicefdp.exe"],
    ["\u2066hidden\u2069.txt", "hidden.txt"],
    ["zero\u200Bwidth.md", "zerowidth.md"],
    ["tags\u{E0041}.md", "tags.md"],
    ["lone\uD800.md", "lone.md"],
    ["  two   spaces .txt", "two spaces .txt"],
    ["-rf.pdf", "-rf.pdf"],
    ["CON.pdf", "CON.pdf"],
    ["%2e%2e%2fx.pdf", "%2e%2e%2fx.pdf"],
    ["Правила возврата.pdf", "Правила возврата.pdf"],
    ["📦 коробка.docx", "📦 коробка.docx"],
    ['quote".pdf', 'quote".pdf'],
  ])("%j becomes %j", (given, shown) => {
    expect(displayFileName(given)).toBe(shown);
  });

  test("composed and decomposed letters are the same name", () => {
    expect(displayFileName("Ёлка й.pdf".normalize("NFD"))).toBe("Ёлка й.pdf".normalize("NFC"));
  });

  test("a very long name keeps its extension and fits the database", () => {
    const name = displayFileName(`${"д".repeat(1_000)}.docx`);
    expect(name.length).toBeLessThanOrEqual(300);
    expect(name.endsWith("….docx")).toBe(true);
    const emoji = displayFileName(`${"😀".repeat(400)}.pdf`);
    expect(emoji.length).toBeLessThanOrEqual(300);
    expect(encodeURIComponent(emoji)).toContain("%F0%9F"); // throws on half a character
  });

  test("nothing that comes out is a path or hides anything", () => {
    const pieces = ["..", "/", "\\", "\u0000", "\u202e", "a", ".pdf", "я", " ", "\n"];
    for (const a of pieces)
      for (const b of pieces)
        for (const c of pieces) for (const d of pieces) expect(displayFileName(a + b + c + d)).toMatch(/^(?!\.+$)[^/\\\p{Cc}\u202e]+$/u);
  });
});
