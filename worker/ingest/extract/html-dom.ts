/** What is needed of a DOM node; linkedom and browsers agree on it. */
export type Node = {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  firstChild: Node | null;
  nextSibling: Node | null;
  parentNode: Node | null;
};
export type ElementNode = Node & { getAttribute(name: string): string | null; tagName: string };

/** What is not shown to a reader, or is not the page's own text. */
export const SKIPPED = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE IFRAME OBJECT EMBED SVG CANVAS MATH AUDIO VIDEO HEAD BUTTON SELECT INPUT TEXTAREA DIALOG".split(" "),
);
/** Elements that stand by themselves, with a line before and after. */
export const BLOCKS = new Set(
  "ADDRESS ARTICLE BLOCKQUOTE BODY CENTER DD DETAILS DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM HEADER HGROUP HR LI MAIN NAV OL P PRE SECTION SUMMARY TABLE TBODY TFOOT THEAD UL".split(
    " ",
  ),
);
const HIDING =
  /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?!\.)|color\s*:\s*(?:transparent|rgba\([^)]{0,40},\s*0\s*\))|(?:left|top|text-indent)\s*:\s*-\d{3,}|clip(?:-path)?\s*:\s*(?:rect\(0|inset\((?:50|100)%)|(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|$)/i;

/** A text without line breaks and doubled spaces. */
export const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

/** Whether an element is not shown, by its own attributes. */
function isHidden(element: ElementNode): boolean {
  return (
    element.getAttribute("hidden") !== null ||
    element.getAttribute("aria-hidden") === "true" ||
    HIDING.test(element.getAttribute("style") ?? "")
  );
}

/** Whether a node is nothing of the page's own text: not shown, or a heading's link to itself ("§"). */
export function isUnseen(node: Node): boolean {
  if (node.nodeType !== 1) return false;
  const name = node.nodeName.toUpperCase();
  if (SKIPPED.has(name) || isHidden(node as ElementNode)) return true;
  const { firstChild: only } = node;
  if (name !== "A" || only?.nodeType !== 3 || only.nextSibling) return false;
  return /^#/.test((node as ElementNode).getAttribute("href") ?? "") && /^\s*[#§¶🔗]\s*$/u.test(only.textContent ?? "");
}

/** The elements below `root` with one of the names that are shown, not looking inside elements named `closed`. */
export function* descendants(root: Node, names: string, closed: string): Generator<Node> {
  const wanted = new Set(names.split("|"));
  for (const node of walk(root, (each) => each !== root && (each.nodeName.toUpperCase() === closed || isUnseen(each)))) {
    if (node !== root && wanted.has(node.nodeName.toUpperCase())) yield node;
  }
}

/** The text of a node that a reader sees, on one line for each break that the page asks for. */
export function visibleText(root: Node): string {
  let text = "";
  for (const node of walk(root, isUnseen)) {
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
