import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import { type Document, DocumentBuilder, ReadFailure } from "../document.ts";

/** What is not shown to a reader, or is not the page's own text. */
const SKIPPED = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE IFRAME OBJECT EMBED SVG CANVAS MATH AUDIO VIDEO HEAD BUTTON SELECT INPUT TEXTAREA DIALOG".split(" "),
);
const FURNITURE = new Set("NAV HEADER FOOTER ASIDE FORM".split(" "));
const BLOCKS = new Set(
  "ADDRESS ARTICLE BLOCKQUOTE BODY CENTER DD DETAILS DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM HEADER HGROUP HR LI MAIN NAV OL P PRE SECTION SUMMARY TABLE TBODY TFOOT THEAD UL".split(
    " ",
  ),
);
const HIDING =
  /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?!\.)|color\s*:\s*(?:transparent|rgba\([^)]{0,40},\s*0\s*\))|(?:left|top|text-indent)\s*:\s*-\d{3,}|clip(?:-path)?\s*:\s*(?:rect\(0|inset\((?:50|100)%)|(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|$)/i;
/** Readability weighs every element several times over; beyond this size the whole body is taken. */
const MAX_READABILITY_LENGTH = 3_000_000;
/** Deeper than any page a person made; the parsers below recurse. */
const MAX_DEPTH = 1_500;

/** What this file needs of a DOM node; linkedom and browsers agree on it. */
type Node = {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  firstChild: Node | null;
  nextSibling: Node | null;
  parentNode: Node | null;
};
type ElementNode = Node & { getAttribute(name: string): string | null; tagName: string };

/**
 * A web page: its main text where Readability finds one, else the body without navigation; headings, tables and titles
 * kept, hidden text dropped. Nothing is fetched and no script runs.
 * @throws ReadFailure("too_complex") for elements nested past reason
 */
export function readHtml(content: string): Document {
  if (nestingOf(content) > MAX_DEPTH) throw new ReadFailure("too_complex", "The page's elements are nested too deeply");
  const { document } = parseHTML(asPage(content));
  const root = document.documentElement as unknown as Node;
  const title = document.title?.trim() || undefined;
  const whole = new HtmlReader(FURNITURE);
  whole.read(root);
  const article = content.length <= MAX_READABILITY_LENGTH ? readArticle(document as unknown as globalThis.Document) : null;
  // Readability is for pages with much around their text. Where it keeps nearly all, the whole page has better
  // structure; where it keeps little, it took one part of many for the page.
  if (article && article.length >= whole.length * 0.4 && article.length <= whole.length * 0.9)
    return article.builder.finish("html", { title });
  if (whole.length > 0) return whole.builder.finish("html", { title });
  const all = new HtmlReader(new Set());
  all.read(root);
  return all.builder.finish("html", { title });
}

/** A fragment as a whole page: the parser takes its first element for the root and would lose the rest. */
function asPage(content: string): string {
  if (/<html\b/i.test(content)) return content;
  return `<!doctype html><html>${/<body\b/i.test(content) ? content : `<body>${content}</body>`}</html>`;
}

/** HTML that is nothing but content, such as mammoth's. */
export function readHtmlContent(content: string): DocumentBuilder {
  const { document } = parseHTML(asPage(content));
  const reader = new HtmlReader(new Set());
  reader.read(document.documentElement as unknown as Node);
  return reader.builder;
}

/** The page's main text as Readability sees it; null when it sees none. Changes the document. */
function readArticle(document: globalThis.Document): HtmlReader | null {
  try {
    // Readability makes every h1 an h2; attributes stay.
    for (const heading of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) heading.setAttribute("data-level", heading.tagName.slice(1));
    const article = new Readability<Node>(document, { charThreshold: 200, serializer: (node) => node as unknown as Node }).parse();
    if (!article?.content) return null;
    const reader = new HtmlReader(new Set());
    reader.read(article.content);
    return reader;
  } catch {
    return null;
  }
}

/** The depth of open tags at its deepest, counted without building anything. */
function nestingOf(content: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [, closing, name, selfClosing] of content.matchAll(/<(\/?)([a-z][a-z0-9-]{0,30})(?:\s[^<>]{0,2000})?(\/?)>/gi)) {
    if (/^(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|dt|dd|td|th|tr|option)$/i.test(name!)) continue;
    if (closing) depth = Math.max(0, depth - 1);
    else if (!selfClosing) deepest = Math.max(deepest, ++depth);
  }
  return deepest;
}

/** Walks a tree without recursion and hands its text to a builder, block by block. */
class HtmlReader {
  readonly builder = new DocumentBuilder();
  /** Characters read so far. */
  length = 0;
  private inline = "";

  constructor(private readonly skippedToo: Set<string>) {}

  read(root: Node) {
    let node: Node | null = root;
    while (node) {
      const descend = this.enter(node);
      if (descend && node.firstChild) {
        node = node.firstChild;
        continue;
      }
      while (node && !node.nextSibling && node !== root) {
        node = node.parentNode;
        if (node) this.leave(node);
      }
      if (!node || node === root) break;
      node = node.nextSibling;
    }
    this.flush();
  }

  /** Reads a node's own part; returns whether its children are to be read too. */
  private enter(node: Node): boolean {
    if (node.nodeType === 3) {
      this.inline += node.textContent ?? "";
      return false;
    }
    if (node.nodeType !== 1) return node.nodeType === 9 || node.nodeType === 11;
    const name = node.nodeName.toUpperCase();
    if (SKIPPED.has(name) || this.skippedToo.has(name) || isHidden(node as ElementNode)) return false;
    if (name === "BR") this.inline += "\n";
    const level = /^H([1-6])$/.exec(name)?.[1];
    if (level) {
      this.flush();
      const text = oneLine(visibleText(node));
      this.length += text.length;
      this.builder.heading(Number((node as ElementNode).getAttribute("data-level") ?? level), text);
      return false;
    }
    if (name === "TABLE" && this.readTable(node)) return false;
    if (name === "PRE") {
      this.flush();
      this.paragraph(visibleText(node));
      return false;
    }
    if (BLOCKS.has(name)) this.flush();
    if (name === "LI") this.inline = "• ";
    return true;
  }

  private leave(node: Node) {
    const name = node.nodeName.toUpperCase();
    if (BLOCKS.has(name)) this.flush();
    else if (name === "TD" || name === "TH") this.inline += " ";
    else if (name === "TR") this.flush();
  }

  private flush() {
    const text = this.inline
      .split("\n")
      .map(oneLine)
      .join("\n")
      .replace(/\n{2,}/g, "\n")
      .trim();
    this.inline = "";
    if (text && text !== "•") this.paragraph(text);
  }

  private paragraph(text: string) {
    this.length += text.length;
    this.builder.paragraph(text);
  }

  /** Reads a table of data as rows "Header: value"; false for tables that only lay out the page. */
  private readTable(table: Node): boolean {
    const rows: { cells: string[]; header: boolean }[] = [];
    for (const row of descendants(table, "TR", "TABLE")) {
      const cells = [...descendants(row, "TD|TH", "TABLE")];
      // Tables inside tables, and cells with blocks of their own, are layout.
      if (cells.some((cell) => [...descendants(cell, "TABLE|H1|H2|H3|H4|H5|H6", "")].length > 0)) return false;
      const texts = cells.map((cell) => oneLine(visibleText(cell)));
      if (texts.some((text) => text.length > 1_000)) return false;
      rows.push({ cells: texts, header: cells.length > 0 && cells.every((cell) => cell.nodeName.toUpperCase() === "TH") });
    }
    const width = Math.max(0, ...rows.map(({ cells }) => cells.length));
    if (rows.length < 2 || width < 2) return false;
    this.flush();
    const headed = rows[0]!.header || (rows[0]!.cells.every((cell) => cell && cell.length <= 80) && new Set(rows[0]!.cells).size === width);
    const names = headed ? rows[0]!.cells : [];
    for (const { cells } of headed ? rows.slice(1) : rows) {
      const line = cells
        .map((cell, column) => cell && (names[column] ? `${names[column]}: ${cell}` : cell))
        .filter(Boolean)
        .join("; ");
      this.length += line.length;
      this.builder.row(line);
    }
    return true;
  }
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

function isHidden(element: ElementNode): boolean {
  return (
    element.getAttribute("hidden") !== null ||
    element.getAttribute("aria-hidden") === "true" ||
    HIDING.test(element.getAttribute("style") ?? "")
  );
}

/** The elements below `root` with one of the names, not looking inside elements named `closed`. */
function* descendants(root: Node, names: string, closed: string): Generator<Node> {
  const wanted = new Set(names.split("|"));
  for (const node of walk(root, (each) => each !== root && each.nodeName.toUpperCase() === closed)) {
    if (node !== root && wanted.has(node.nodeName.toUpperCase())) yield node;
  }
}

function visibleText(root: Node): string {
  let text = "";
  const hidden = (node: Node) => node.nodeType === 1 && (SKIPPED.has(node.nodeName.toUpperCase()) || isHidden(node as ElementNode));
  for (const node of walk(root, hidden)) {
    if (node.nodeType === 3) text += node.textContent ?? "";
    else if (node.nodeName.toUpperCase() === "BR") text += "\n";
    else if (BLOCKS.has(node.nodeName.toUpperCase()) && text) text += " ";
  }
  return text;
}

/** Every node from `root` down in reading order, without recursion; below a closed node nothing is visited. */
function* walk(root: Node, isClosed: (node: Node) => boolean): Generator<Node> {
  let node: Node | null = root;
  while (node) {
    const closed = isClosed(node);
    if (!closed) yield node;
    if (!closed && node.firstChild) {
      node = node.firstChild;
      continue;
    }
    while (node && node !== root && !node.nextSibling) node = node.parentNode;
    if (!node || node === root) return;
    node = node.nextSibling;
  }
}
