import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import { type Document, DocumentBuilder, ReadFailure } from "../document.ts";
import { BLOCKS, type ElementNode, isUnseen, type Node, oneLine, visibleText } from "./html-dom.ts";
import { dataTable } from "./html-table.ts";
import { tableLines } from "./table.ts";

const FURNITURE = new Set("NAV HEADER FOOTER ASIDE FORM".split(" "));
/** Readability weighs every element several times over; beyond this size the whole body is taken. */
const MAX_READABILITY_LENGTH = 3_000_000;
/** Deeper than any page a person made; the parsers below recurse. */
const MAX_DEPTH = 1_500;

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
      // A line break in the source is a space on the page.
      this.inline += (node.textContent ?? "").replace(/\s+/g, " ");
      return false;
    }
    if (node.nodeType !== 1) return node.nodeType === 9 || node.nodeType === 11;
    const name = node.nodeName.toUpperCase();
    if (this.skippedToo.has(name) || isUnseen(node)) return false;
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

  /** Reads a table of data row by row; false for tables that only lay out the page. */
  private readTable(table: Node): boolean {
    const read = dataTable(table);
    if (!read) return false;
    this.flush();
    if (read.caption) this.paragraph(read.caption);
    for (const line of tableLines(read.rows)) {
      this.length += line.length;
      this.builder.row(line);
    }
    return true;
  }
}
