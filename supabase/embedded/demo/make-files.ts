// Makes the demo's PDF and DOCX files from their Markdown sources. The results are committed, so only someone who edits
// source/ runs it: npm install --no-save @fontsource/onest && npx tsx supabase/embedded/demo/make-files.ts
// Needs a Chromium: /usr/bin/chromium, or the path given as the argument. Static fonts, because a variable one becomes drawings in a PDF.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeDocx } from "./make-docx.ts";
import { type Block, escapeMarkup, toBlocks } from "./markdown-blocks.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const require = createRequire(import.meta.url);
const fonts = join(dirname(require.resolve("@fontsource/onest/package.json", { paths: [process.cwd(), here(".")] })), "files");

const fontFace = (subset: string, weight: number, range: string) =>
  `@font-face { font-family: Onest; font-weight: ${weight}; src: url("${pathToFileURL(join(fonts, `onest-${subset}-${weight}-normal.woff2`))}"); unicode-range: ${range}; }`;

const FONT_FACES = [400, 600].flatMap((weight) => [
  fontFace("latin", weight, "U+0000-00FF, U+2000-206F, U+20AC, U+2122, U+2212"),
  fontFace("latin-ext", weight, "U+0100-02FF, U+20A0-20AB, U+20AD-20C0"),
  fontFace("cyrillic", weight, "U+0400-045F, U+0490-0491, U+2116"),
]);

const STYLE = `
${FONT_FACES.join("\n")}
@page { size: A5; margin: 16mm 15mm 17mm; }
body { font: 400 9.4pt/1.5 Onest, sans-serif; color: #23302b; margin: 0; }
h1 { font-size: 25pt; line-height: 1.12; font-weight: 600; margin: 0 0 3mm; color: #1f3a30; letter-spacing: -0.01em; }
h2 { font-size: 14pt; line-height: 1.3; font-weight: 600; margin: 7mm 0 2mm; color: #a3452c; break-after: avoid; }
h3 { font-size: 11pt; font-weight: 600; margin: 4mm 0 1mm; color: #1f3a30; break-after: avoid; }
p { margin: 0 0 2.4mm; orphans: 3; widows: 3; }
table { border-collapse: collapse; width: 100%; font-size: 7.6pt; line-height: 1.35; margin: 1mm 0 4mm; break-inside: avoid; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 1.3mm 1.6mm 1.3mm 0; border-bottom: 0.2mm solid #d8d2c4; }
th { font-weight: 600; color: #66706a; }
td:first-child { font-weight: 600; white-space: nowrap; }
table.wide { font-size: 7pt; }
table.wide td { white-space: nowrap; }
`;

function toHtml(blocks: Block[], language: string): string {
  const row = (cells: string[], tag: string) => `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join("")}</tr>`;
  const body = blocks.map((block) => {
    if (block.kind === "heading") return `<h${block.level}>${escapeMarkup(block.text)}</h${block.level}>`;
    if (block.kind === "paragraph") return `<p>${escapeMarkup(block.text)}</p>`;
    if (block.kind === "list") return `<ol>${block.items.map((item) => `<li>${escapeMarkup(item)}</li>`).join("")}</ol>`;
    return `<table${block.head.length > 4 ? ' class="wide"' : ""}><thead>${row(block.head, "th")}</thead><tbody>${block.rows.map((cells) => row(cells, "td")).join("")}</tbody></table>`;
  });
  const title = blocks.find((block) => block.kind === "heading")?.text ?? "";
  return `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>${escapeMarkup(title)}</title><style>${STYLE}</style>${body.join("\n")}</html>`;
}

function makePdf(blocks: Block[], language: string, target: string) {
  const folder = mkdtempSync(join(tmpdir(), "demo-pdf-"));
  try {
    const page = join(folder, "page.html");
    writeFileSync(page, toHtml(blocks, language));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", `--user-data-dir=${folder}/profile`];
    execFileSync(process.argv[2] ?? "/usr/bin/chromium", [...flags, `--print-to-pdf=${target}`, pathToFileURL(page).href], {
      stdio: "ignore",
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const language of ["en", "ru"]) {
  const read = (name: string) => toBlocks(readFileSync(here(`source/${name}.${language}.md`), "utf8"));
  makePdf(read("product-handbook"), language, here(`knowledge/product-handbook.${language}.pdf`));
  writeFileSync(here(`knowledge/owners-guide.${language}.docx`), makeDocx(read("owners-guide"), language));
}
