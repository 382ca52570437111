// Documents for tests and benches, made on the spot in English and Russian.
import { createRequire } from "node:module";
import { type Zippable, zipSync } from "fflate";
import PDFDocument from "pdfkit";

const FONT = createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");

export type Lang = "en" | "ru";
type Part = { heading?: string; level?: 1 | 2; paragraphs?: string[]; table?: string[][]; newPage?: boolean };

/** A small shop's handbook: every format's tests look for the same facts in it. */
export const HANDBOOK: Record<Lang, { title: string; parts: Part[]; facts: string[] }> = {
  en: {
    title: "Kettle handbook",
    parts: [
      { heading: "Kettle handbook", level: 1, paragraphs: ["The Volna kettle holds 1.7 litres and boils a full jug in four minutes."] },
      {
        heading: "Warranty",
        level: 2,
        paragraphs: ["The warranty lasts 24 months from the day of purchase. Keep the receipt: without it the service centre cannot help."],
      },
      {
        heading: "Delivery",
        level: 2,
        newPage: true,
        paragraphs: ["Orders above 50 euros are delivered free of charge."],
        table: [
          ["City", "Days"],
          ["Berlin", "2"],
          ["Lisbon", "5"],
        ],
      },
    ],
    facts: ["The warranty lasts 24 months", "delivered free of charge", "Lisbon"],
  },
  ru: {
    title: "Памятка о чайнике",
    parts: [
      { heading: "Памятка о чайнике", level: 1, paragraphs: ["Чайник «Волна» вмещает 1,7 литра и кипятит полный объём за четыре минуты."] },
      {
        heading: "Гарантия",
        level: 2,
        paragraphs: ["Гарантия действует 24 месяца со дня покупки. Сохраните чек: без него сервисный центр помочь не сможет."],
      },
      {
        heading: "Доставка",
        level: 2,
        newPage: true,
        paragraphs: ["Заказы дороже 3 000 рублей привозим бесплатно."],
        table: [
          ["Город", "Дней"],
          ["Тверь", "2"],
          ["Омск", "5"],
        ],
      },
    ],
    facts: ["Гарантия действует 24 месяца", "привозим бесплатно", "Омск"],
  },
};

const collect = (document: PDFKit.PDFDocument): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    document.on("data", (part: Buffer) => parts.push(part));
    document.on("end", () => resolve(Buffer.concat(parts)));
    document.on("error", reject);
    document.end();
  });

/** The handbook as a PDF; with `password`, one that asks for it. */
export function handbookPdf(lang: Lang, options: { password?: string } = {}): Promise<Buffer> {
  const { title, parts } = HANDBOOK[lang];
  const document = new PDFDocument({
    info: { Title: title },
    ...(options.password ? { userPassword: options.password, pdfVersion: "1.7" } : {}),
  });
  document.font(FONT);
  for (const { heading, level, paragraphs = [], table = [], newPage } of parts) {
    if (newPage) document.addPage();
    if (heading)
      document
        .fontSize(level === 1 ? 22 : 16)
        .text(heading)
        .moveDown(0.5);
    document.fontSize(11);
    for (const paragraph of paragraphs) document.text(paragraph).moveDown();
    for (const row of table) document.text(row.join(" — "));
  }
  return collect(document);
}

/** A PDF that is a picture only, as scanners make them. */
export function scannedPdf(): Promise<Buffer> {
  const document = new PDFDocument();
  document.rect(100, 100, 200, 300).fill("#888");
  return collect(document);
}

const TOPICS: Record<Lang, [string[], (model: string, n: number) => string[]]> = {
  en: [
    ["Warranty", "Cleaning", "Delivery", "Returns", "Spare parts"],
    (model, n) => [
      `The ${model} kettle holds ${(n % 9) / 10 + 1} litres and is covered by a warranty of ${12 + (n % 24)} months from the day of purchase.`,
      "Before the first use, fill the jug to the mark, let the water boil and pour it out; repeat this twice, then wipe the outside with a dry cloth.",
      "If limescale appears on the bottom, dissolve two spoons of citric acid in a litre of water, bring it to the boil and leave it for an hour.",
      `An order of the ${model} placed before noon leaves our warehouse on the same day and arrives within ${1 + (n % 7)} working days.`,
      "Goods may be returned within thirty days if the packaging is complete; the money comes back to the card that was used to pay.",
    ],
  ],
  ru: [
    ["Гарантия", "Очистка", "Доставка", "Возврат", "Запчасти"],
    (model, n) => [
      `Чайник ${model} вмещает ${(n % 9) / 10 + 1} литра, гарантия на него составляет ${12 + (n % 24)} месяцев со дня покупки.`,
      "Перед первым использованием наполните чайник до отметки, доведите воду до кипения и слейте её; повторите это дважды и протрите корпус сухой тканью.",
      "Если на дне появилась накипь, растворите две ложки лимонной кислоты в литре воды, вскипятите раствор и оставьте его на один час.",
      `Заказ модели ${model}, оформленный до полудня, покидает склад в тот же день и приходит в течение ${1 + (n % 7)} рабочих дней.`,
      "Вернуть товар можно в течение тридцати дней, если упаковка цела; деньги придут на ту карту, которой оплачивали заказ.",
    ],
  ],
};

/** The model that page `page` of longPdf is about, counted from 1. Each page's is unique. */
export const modelOfPage = (page: number) => `K-${String(page * 37).padStart(4, "0")}`;

/**
 * A text-heavy PDF of exactly `pages` pages, some 2,600 characters each, with headings, running heads and page numbers.
 * Page n says what is true of modelOfPage(n) alone.
 */
export function longPdf(pages: number, lang: Lang): Promise<Buffer> {
  const [headings, sentences] = TOPICS[lang];
  const document = new PDFDocument({
    size: "A4",
    margin: 50,
    info: { Title: lang === "ru" ? "Каталог" : "Catalogue" },
    autoFirstPage: false,
  });
  document.registerFont("body", FONT);
  for (let page = 1; page <= pages; page++) {
    document.addPage();
    document
      .font("body")
      .fontSize(8)
      .text(lang === "ru" ? "Каталог чайников" : "The catalogue of kettles", 50, 25, { lineBreak: false });
    document.fontSize(15).text(`${headings[page % headings.length]} ${modelOfPage(page)}`, 50, 50);
    document.fontSize(10);
    for (let paragraph = 0; paragraph < 5; paragraph++) {
      const all = sentences(modelOfPage(page), page + paragraph);
      const turned = [...all.slice(paragraph), ...all.slice(0, paragraph)];
      document.moveDown(0.6).text(turned.slice(0, 4).join(" "), { width: 495 });
    }
    document.fontSize(8).text(`${lang === "ru" ? "Страница" : "Page"} ${page}`, 50, 780, { lineBreak: false });
  }
  return collect(document);
}

const escapeXml = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const CONTENT_TYPES = `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`;
const RELS = `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`;

/** A Word file around the XML of a body; `more` adds or replaces parts of the archive. */
export function docx(body: string, more: Zippable = {}): Buffer {
  const document = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"><w:body>${body}</w:body></w:document>`;
  const parts: Zippable = {
    "[Content_Types].xml": Buffer.from(CONTENT_TYPES),
    "_rels/.rels": Buffer.from(RELS),
    "word/document.xml": Buffer.from(document),
  };
  return Buffer.from(zipSync({ ...parts, ...more }));
}

export const docxParagraph = (text: string, style?: string) =>
  `<w:p>${style ? `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>` : ""}<w:r><w:t xml:space="preserve">${escapeXml(text)}</w:t></w:r></w:p>`;

/** The handbook as a Word file. */
export function handbookDocx(lang: Lang): Buffer {
  const row = (cells: string[]) => `<w:tr>${cells.map((cell) => `<w:tc>${docxParagraph(cell)}</w:tc>`).join("")}</w:tr>`;
  return docx(
    HANDBOOK[lang].parts
      .map(({ heading, level, paragraphs = [], table = [] }) =>
        [
          heading ? docxParagraph(heading, `Heading${level}`) : "",
          ...paragraphs.map((paragraph) => docxParagraph(paragraph)),
          table.length ? `<w:tbl>${table.map(row).join("")}</w:tbl>` : "",
        ].join(""),
      )
      .join(""),
  );
}

type TextFormat = "md" | "txt" | "html" | "csv";

const WRITE: Record<TextFormat, (part: Part) => string> = {
  md: ({ heading, level, paragraphs = [], table = [] }) =>
    [
      `${"#".repeat(level ?? 1)} ${heading}`,
      ...paragraphs,
      ...(table.length ? [[table[0]!.join(" | "), "--- | ---", ...table.slice(1).map((row) => row.join(" | "))].join("\n")] : []),
    ].join("\n\n"),
  txt: ({ heading, paragraphs = [], table = [] }) => [heading, ...paragraphs, ...table.map((row) => row.join(": "))].join("\n\n"),
  html: ({ heading, level, paragraphs = [], table = [] }) => {
    const rows = table.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
    return `<h${level}>${heading}</h${level}>${paragraphs.map((text) => `<p>${text}</p>`).join("")}${rows.length ? `<table>${rows.join("")}</table>` : ""}`;
  },
  csv: ({ heading, paragraphs = [], table = [] }) =>
    [...paragraphs.map((text) => `${heading};"${text}"`), ...table.slice(1).map((row) => `${heading};"${row.join(": ")}"`)].join("\n"),
};

/** The handbook in the formats that are text. */
export function handbookText(lang: Lang, format: TextFormat): string {
  const { title, parts } = HANDBOOK[lang];
  const written = parts.map(WRITE[format]);
  if (format === "html")
    return `<!doctype html><html lang="${lang}"><head><title>${title}</title></head><body>${written.join("")}</body></html>`;
  if (format === "csv") return `${lang === "ru" ? "Раздел;Текст" : "Section;Text"}\n${written.join("\n")}\n`;
  return written.join("\n\n");
}
