// Files that are broken, disguised or meant to do harm. Each ends with a reason or with its text, the worker lives on, and
// the next good file is read.

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { chunk } from "./chunk.ts";
import { ReadFailure } from "./document.ts";
import { extract } from "./extract/extract.ts";
import { READ_LIMITS, type ReadLimits, readFileInChild } from "./read-file.ts";
import { docx, docxParagraph, handbookDocx, handbookPdf, handbookText, scannedPdf } from "./test-documents.ts";

vi.setConfig({ testTimeout: 120_000 });

/** The failure code, or the text that was read; in this process, where nothing can run away. */
async function readHere(bytes: Uint8Array | string, name: string) {
  try {
    return {
      text: chunk(await extract(Buffer.from(bytes as Uint8Array), name))
        .map(({ body }) => body)
        .join("\n"),
    };
  } catch (error) {
    if (error instanceof ReadFailure) return { code: error.code };
    throw error;
  }
}

/** The failure code, or the text that was read; as the worker does it, in a child process. */
async function read(bytes: Uint8Array | string, name: string, limits: ReadLimits = READ_LIMITS) {
  try {
    const { chunks } = await readFileInChild(Buffer.from(bytes as Uint8Array), name, new AbortController().signal, limits);
    return { text: chunks.map(({ body }) => body).join("\n") };
  } catch (error) {
    if (error instanceof ReadFailure) return { code: error.code };
    throw error;
  }
}

const RUSSIAN = "Гарантия на чайник «Волна» действует двадцать четыре месяца со дня покупки, если сохранён чек.";
const utf16 = (text: string, bigEndian: boolean) => {
  const bytes = Buffer.from(text, "utf16le");
  return bigEndian ? bytes.swap16() : bytes;
};
/** Encodes in an eight-bit encoding by asking TextDecoder what each byte means. */
function encode(text: string, encoding: string): Buffer {
  const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [new TextDecoder(encoding).decode(Uint8Array.of(byte)), byte]));
  return Buffer.from([...text.replace(/[«»]/g, '"')].map((character) => bytes.get(character) ?? 63));
}
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const exe = Buffer.concat([Buffer.from("4d5a90000300000004000000ffff0000", "hex"), Buffer.alloc(2_000)]);
/** The head of a Compound File, as Word wrote until 2003. */
const oldDoc = Buffer.concat([
  Buffer.from("d0cf11e0a1b11ae1", "hex"),
  Buffer.alloc(2_040),
  Buffer.from("Привет из старого Word", "utf16le"),
  Buffer.alloc(2_048),
]);

describe("nothing in it", () => {
  test.each([
    ["no bytes", "", "empty"],
    ["a byte order mark alone", "\ufeff", "empty"],
    ["white space alone", " \n\t\r\n ", "empty"],
    ["NULs alone", "\0\0\0\0", "empty"],
  ])("%s", async (_what, content, code) => {
    expect(await readHere(content, "a.txt")).toEqual({ code });
  });

  test("one byte is a text of one letter", async () => {
    expect(await readHere("a", "a.txt")).toEqual({ text: "a" });
    expect(await readHere(Uint8Array.of(0), "a.pdf")).toEqual({ code: "empty" });
  });

  test("a PDF that is a picture, a DOCX without words", async () => {
    expect(await readHere(await scannedPdf(), "scan.pdf")).toEqual({ code: "no_text" });
    expect(await readHere(docx(""), "empty.docx")).toEqual({ code: "no_text" });
  });
});

describe("broken", () => {
  test.each([25, 50, 75])("a PDF cut at %i %%", async (percent) => {
    const pdf = await handbookPdf("ru");
    const result = await readHere(pdf.subarray(0, (pdf.length * percent) / 100), "cut.pdf");
    expect(result.code ?? "read").toMatch(/^(damaged|no_text|read)$/);
  });

  test("a DOCX cut in the middle; an archive that holds no document", async () => {
    const whole = handbookDocx("en");
    expect(await readHere(whole.subarray(0, whole.length / 2), "cut.docx")).toEqual({
      code: expect.stringMatching(/damaged|unsupported_type/),
    });
    expect(await readHere(docx("<w:p", {}), "broken.docx")).toEqual({ code: expect.stringMatching(/damaged|no_text/) });
  });

  test("a PDF that asks for a password", async () => {
    expect(await readHere(await handbookPdf("en", { password: "secret" }), "locked.pdf")).toEqual({ code: "encrypted" });
  });
});

describe("T52: the bytes decide, not the name", () => {
  test.each([
    ["png.pdf", png],
    ["png.txt", png],
    ["program.docx", exe],
    ["program.md", exe],
    ["old.doc", oldDoc],
    ["old.docx", oldDoc],
    ["archive.docx", Buffer.from(zipSync({ "a.txt": Buffer.from("text") }))],
    [
      "table.xlsx",
      Buffer.from(
        zipSync({
          "[Content_Types].xml": Buffer.from(
            '<Types><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
          ),
          "xl/workbook.xml": Buffer.from("<workbook/>"),
        }),
      ),
    ],
    ["letter.rtf", Buffer.from("{\\rtf1\\ansi Hello}")],
    ["noise.txt", Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * i * 31 + i) % 256))],
  ])("%s is refused", async (name, bytes) => {
    expect(await readHere(bytes, name)).toEqual({ code: "unsupported_type" });
  });

  test("a PDF, a Word file and a page under other names are read as what they are", async () => {
    expect((await readHere(await handbookPdf("ru"), "notes.txt")).text).toContain("Гарантия действует 24 месяца");
    expect((await readHere(handbookDocx("en"), "x.pdf")).text).toContain("The warranty lasts 24 months");
    expect((await readHere(handbookText("en", "html"), "page.pdf")).text).toContain("Lisbon: 5");
  });

  test("a text that begins like a picture or a program is a text", async () => {
    for (const text of ["BM is short for bench mark.", "MZ — это буквы.", "II* and GIF89a and RIFF are marks."]) {
      expect(await readHere(text, "a.txt")).toEqual({ text });
    }
  });

  test("a Word file that carries macros is refused", async () => {
    expect(await readHere(docx(docxParagraph("Hi"), { "word/vbaProject.bin": Buffer.from("macro") }), "macro.docx")).toEqual({
      code: "unsupported_type",
    });
  });
});

describe("encodings", () => {
  test.each(["windows-1251", "koi8-r", "ibm866"])("Russian in %s", async (encoding) => {
    expect(await readHere(encode(RUSSIAN, encoding), "a.txt")).toEqual({ text: RUSSIAN.replace(/[«»]/g, '"') });
  });

  test("Russian in UTF-16, with a mark and without, and a page that says which", async () => {
    for (const bigEndian of [false, true]) {
      expect(await readHere(utf16(RUSSIAN, bigEndian), "a.txt")).toEqual({ text: RUSSIAN });
      expect(await readHere(utf16(`\ufeff${RUSSIAN}`, bigEndian), "a.txt")).toEqual({ text: RUSSIAN });
    }
    const page = `<html><head><meta charset=windows-1251></head><body><p>${RUSSIAN}</p></body></html>`;
    expect((await readHere(encode(page, "windows-1251"), "a.html")).text).toContain("Гарантия на чайник");
  });

  test("NULs inside, letters in two parts, halves of characters, marks that only machines read", async () => {
    const { text } = await readHere("сто\0п, и\u0306 е\u0308 и \u{e0041}метки\u{e007f}, мягкий пере\u00adнос", "a.txt");
    expect(text).toBe("стоп, й ё и метки, мягкий перенос");
    expect(
      (
        await readHere(
          Buffer.concat([Buffer.from("хорошо ".repeat(10)), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(" и дальше тоже хорошо")]),
          "a.txt",
        )
      ).text,
    ).toContain("и дальше тоже хорошо");
  });
});

describe("T53: Word files that reach out", () => {
  let asked = 0;
  const sink = createServer((socket) => {
    asked++;
    socket.destroy();
  });
  beforeAll(() => new Promise<void>((done) => sink.listen(0, "127.0.0.1", done)));
  afterAll(() => void sink.close());

  test.each(["/etc/passwd", "file:///etc/passwd", "/dev/zero", "http://127.0.0.1:PORT/x.png"])(
    "a picture linked to %s is neither read nor fetched",
    async (target) => {
      const url = target.replace("PORT", String((sink.address() as AddressInfo).port));
      const rels = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId7" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="${url}" TargetMode="External"/></Relationships>`;
      const picture = `<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:link="rId7"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`;
      const result = await read(
        docx(docxParagraph("Only this text") + picture, { "word/_rels/document.xml.rels": Buffer.from(rels) }),
        "link.docx",
      );
      expect(result).toEqual({ text: "Only this text" });
      expect(asked).toBe(0);
    },
  );

  test("entities are not expanded", async () => {
    const lol = `<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>seen &c; &x;</w:t></w:r></w:p></w:body></w:document>`;
    const result = await read(docx("", { "word/document.xml": Buffer.from(lol) }), "lol.docx");
    expect(result.text ?? "").not.toMatch(/lollol|root:/);
  });
});

describe("T50: archives that point outside", () => {
  test.each(["../../evil.xml", "/etc/cron.d/evil", "..\\..\\evil.xml", "C:\\evil.xml", "word/../../evil"])(
    "an entry named %s",
    async (name) => {
      expect(await readHere(docx(docxParagraph("Hi"), { [name]: Buffer.from("x") }), "slip.docx")).toEqual({ code: "damaged" });
    },
  );

  test("a symbolic link", async () => {
    const link: [Uint8Array, { os: number; attrs: number }] = [Buffer.from("/etc/passwd"), { os: 3, attrs: (0o120777 << 16) >>> 0 }];
    expect(await readHere(docx(docxParagraph("Hi"), { "word/media/link": link }), "link.docx")).toEqual({ code: "damaged" });
  });
});

describe("meant to exhaust", () => {
  test("a Word file of half a megabyte that unpacks to two hundred", async () => {
    const bomb = docx(`${docxParagraph("a").repeat(100)}<!--${" ".repeat(200_000_000)}-->`);
    expect(bomb.length).toBeLessThan(1_000_000);
    expect(await read(bomb, "bomb.docx")).toEqual({ code: "too_complex" });
  });

  test("a picture in a Word file that unpacks to a hundred megabytes", async () => {
    expect(await read(docx(docxParagraph("a"), { "word/media/big.bmp": new Uint8Array(100_000_000) }), "picture.docx")).toEqual({
      code: "too_complex",
    });
  });

  test("tables nested ten thousand deep", async () => {
    const deep = `${"<w:tbl><w:tr><w:tc>".repeat(10_000)}${docxParagraph("x")}${"</w:tc></w:tr></w:tbl>".repeat(10_000)}`;
    expect(await read(docx(deep), "deep.docx")).toEqual({ code: "too_complex" });
  });

  test("100,000 nested elements; ten megabytes of page in one line", async () => {
    expect(await read(`<html><body>${"<div>".repeat(100_000)}x`, "deep.html")).toEqual({ code: "too_complex" });
    const { code, text } = await read(`<html><body>${"<p>слово <b>жирно</b></p>".repeat(400_000)}</body></html>`, "long.html");
    expect(code ?? text?.slice(0, 11)).toMatch(/^(too_complex|timed_out|слово жирно)$/);
  });

  test.each(["[", "*", "`", "(", "|"])("a megabyte of %s in Markdown", async (character) => {
    const result = await read(character.repeat(1_000_000), "a.md");
    expect(result.code ?? "read").toMatch(/^(no_text|read)$/);
  });

  test("tables: quotes never closed, ten thousand columns, half a million rows", async () => {
    expect((await read(`name,note\n${'a,"b\n'.repeat(50_000)}`, "a.csv")).text).toContain('name: a; note: "b');
    expect(await read(`${"a,".repeat(10_000)}\nb`, "wide.csv")).toEqual({ code: "too_complex" });
    expect(await read("1,2\n".repeat(2_000_000), "long.csv")).toEqual({ code: "too_complex" });
  });

  test("T55: what takes too long is killed, what takes too much memory too, and the next good file is read", async () => {
    const pages = "<p>Предложение, которое надо прочитать. </p>".repeat(200_000);
    expect(await read(pages, "slow.html", { cpuSeconds: 0.5, seconds: 60, megabytes: 2_000 })).toEqual({ code: "timed_out" });
    expect(await read(pages, "late.html", { cpuSeconds: 60, seconds: 0.2, megabytes: 2_000 })).toEqual({ code: "timed_out" });
    expect(await read(pages, "fat.html", { cpuSeconds: 60, seconds: 120, megabytes: 90 })).toEqual({ code: "too_complex" });
    expect(await read(handbookText("ru", "md"), "good.md")).toEqual({ text: expect.stringContaining("Гарантия действует 24 месяца") });
  });
});

test("T54: a PDF whose font matrix holds a script is read without running it", async () => {
  const canary = "globalThis.__pwned=1;process.exit(99)";
  const pdf = [
    "%PDF-1.4",
    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj",
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>endobj",
    "4 0 obj<</Length 44>>stream\nBT /F1 24 Tf 50 200 Td (Hello) Tj ET\nendstream endobj",
    `5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FontMatrix[0.001 0 0 0.001 0 (0\\); ${canary};//)]>>endobj`,
    "trailer<</Root 1 0 R>>",
  ].join("\n");
  const result = await read(pdf, "matrix.pdf");
  expect(result.code ?? result.text).toMatch(/Hello|damaged|no_text/);
});

test("G4: the reading process killed from outside asks for another try, and the try succeeds", async () => {
  const { readdir, readFile } = await import("node:fs/promises");
  const before = new Set(await children());
  const reading = readFileInChild(Buffer.from("<p>слово </p>".repeat(200_000)), "slow.html", new AbortController().signal);
  const outcome = reading.then(
    () => "read",
    (error: Error) => error.message,
  );
  await vi.waitFor(async () => expect((await children()).filter((pid) => !before.has(pid))).not.toEqual([]), {
    timeout: 20_000,
    interval: 5,
  });
  for (const pid of (await children()).filter((each) => !before.has(each))) process.kill(pid, "SIGKILL");
  expect(await outcome).toMatch(/ended early \(SIGKILL\)/);
  expect(await read("Снова всё хорошо.", "a.txt")).toEqual({ text: "Снова всё хорошо." });

  /** Processes that read a file for this one. */
  async function children(): Promise<number[]> {
    const found: number[] = [];
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      if (line.includes("extract-child") && Number(stat.split(") ")[1]?.split(" ")[1]) === process.pid) found.push(Number(name));
    }
    return found;
  }
});

test("names that are paths reach no file system", async () => {
  for (const name of [
    "../../etc/passwd",
    "..\\..\\x",
    "%2e%2e/x",
    "/etc/passwd",
    "C:\\x",
    "CON.pdf",
    "a\0.pdf",
    "я".repeat(1_000),
    "...",
    "txt.\u202eexe",
    "🫖.txt",
    '"\r\nx: y',
    "-rf",
  ]) {
    expect(await readHere("Текст.", name)).toEqual({ text: "Текст." });
  }
});
