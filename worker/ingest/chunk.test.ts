import { describe, expect, test } from "vitest";
import { type Chunk, chunk, MAX_LENGTH } from "./chunk.ts";
import { type Document, DocumentBuilder } from "./document.ts";

/** A small generator of repeatable "random" numbers (mulberry32). */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const WORDS = [
  "чайник",
  "warranty",
  "гарантия",
  "24",
  "return",
  "«срок»",
  "т.е.",
  "https://example.com/a?b=c",
  "😀👍🏽",
  "Ё",
  "—",
  "x".repeat(300),
  "y\nz",
];

function anyDocument(seed: number): Document {
  const next = random(seed);
  const words = (count: number) =>
    Array.from({ length: count }, () => WORDS[next(WORDS.length)] + (next(6) === 0 ? "." : "")).join(next(20) === 0 ? "\n" : " ");
  const builder = new DocumentBuilder();
  builder.paragraph("начало");
  let page = 1;
  for (let i = 0; i < 30; i++) {
    if (next(4) === 0) page++;
    const kind = next(10);
    if (kind < 2) builder.heading(1 + next(4), words(1 + next(6)), page);
    else if (kind < 4) builder.row(words(1 + next(40)), page);
    else if (kind === 4) builder.paragraph("щ".repeat(next(6_000)), page);
    else if (kind === 5) builder.paragraph("😀".repeat(next(3_000)), page);
    else builder.paragraph(words(next(400)), page);
  }
  return builder.finish("text");
}

describe("chunks", () => {
  test("whatever the document: exact positions, in order, nothing lost, nothing mixed, nothing too long", () => {
    for (let seed = 1; seed <= 150; seed++) {
      const document = anyDocument(seed);
      const { text, blocks } = document;
      const chunks = chunk(document);
      let end = 0;
      let between = "";
      chunks.forEach((each, index) => {
        expect(each.position).toBe(index);
        expect(each.body).toBe(text.slice(each.charStart, each.charEnd));
        expect(each.body).toBe(each.body.trim());
        expect(each.body.length).toBeGreaterThan(0);
        expect(each.body.length).toBeLessThanOrEqual(MAX_LENGTH);
        expect(each.body).not.toMatch(/\p{Cs}/u);
        expect(each.charStart).toBeGreaterThanOrEqual(end);
        const inside = blocks.filter((block) => block.start < each.charEnd && block.end > each.charStart);
        for (const block of inside) expect(block.headings).toEqual(each.headingPath);
        expect(each.page).toBe(inside[0]!.page ?? null);
        between += text.slice(end, each.charStart);
        end = each.charEnd;
      });
      between += text.slice(end);
      // What is in no chunk is white space and the headings that are in the paths of what follows them.
      const led = blocks.filter(
        (block, index) => block.kind === "heading" && (blocks[index + 1]?.headings.length ?? 0) > block.headings.length,
      );
      expect(between.replace(/\s/g, "")).toBe(
        led
          .map((block) => text.slice(block.start, block.end))
          .join("")
          .replace(/\s/g, ""),
      );
    }
  });

  const build = (fill: (builder: DocumentBuilder) => void): Chunk[] => {
    const builder = new DocumentBuilder();
    fill(builder);
    return chunk(builder.finish("text"));
  };
  const sentence = (word: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${word} номер ${i} говорит ровно одну вещь.`).join(" ");

  test("small paragraphs of one section go together, those of another do not", () => {
    const chunks = build((builder) => {
      builder.heading(1, "Чайники");
      builder.paragraph("Первый абзац.");
      builder.paragraph("Второй абзац.");
      builder.heading(2, "Гарантия");
      builder.paragraph("Два года.");
      builder.heading(1, "Тостеры");
      builder.paragraph("Их нет.");
    });
    expect(chunks.map(({ headingPath, body }) => [headingPath.join(" > "), body])).toEqual([
      ["Чайники", "Первый абзац.\n\nВторой абзац."],
      ["Чайники > Гарантия", "Два года."],
      ["Тостеры", "Их нет."],
    ]);
  });

  test("two sections with the same heading are two passages", () => {
    const chunks = build((builder) => {
      builder.heading(1, "Вопрос");
      builder.paragraph("Первый ответ.");
      builder.heading(1, "Вопрос");
      builder.paragraph("Второй ответ.");
    });
    expect(chunks.map(({ body }) => body)).toEqual(["Первый ответ.", "Второй ответ."]);
  });

  test("a heading with nothing under it is not lost", () => {
    const chunks = build((builder) => {
      builder.heading(1, "Мы не принимаем наличные");
      builder.heading(1, "Часы работы");
      builder.paragraph("С 9 до 18.");
      builder.heading(2, "Воскресенье — выходной");
    });
    expect(chunks.map(({ headingPath, body }) => [headingPath.join(), body])).toEqual([
      ["", "Мы не принимаем наличные"],
      ["Часы работы", "С 9 до 18."],
      ["Часы работы", "Воскресенье — выходной"],
    ]);
  });

  test("a long paragraph is cut between sentences into even parts", () => {
    const chunks = build((builder) => builder.paragraph(sentence("Предложение", 60)));
    expect(chunks.length).toBeGreaterThan(1);
    for (const { body } of chunks) {
      expect(body).toMatch(/^Предложение номер \d+ говорит.*вещь\.$/s);
      expect(body.length).toBeGreaterThan(600);
    }
  });

  test("rows of a table stay whole", () => {
    const rows = Array.from({ length: 40 }, (_, i) => `Модель: Ч-${i}; Цена: ${i}00 ₽; Описание: ${"тихий ".repeat(15)}`.trim());
    const chunks = build((builder) => {
      for (const row of rows) builder.row(row);
    });
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.flatMap(({ body }) => body.split("\n"))).toEqual(rows);
  });
});
