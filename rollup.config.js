// Builds the widget: the chat module first (its file name carries a hash), then the loader, which names that file.
// A build that is heavier than the budget fails.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { transform as transformWithEsbuild } from "esbuild";
import esbuild, { minify } from "rollup-plugin-esbuild";

const KIB = 1024;
/** What is loaded when it is first needed has a budget of its own. */
const BUDGET = { loader: 3 * KIB, chat: 30 * KIB, contact: 3 * KIB, reports: 1 * KIB };
const TARGET = "es2022";
/** For Sentry alone (scripts/source-maps.mjs): no file names its map, and none stays. */
const sourcemap = process.env.SOURCE_MAPS ? "hidden" : false;
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

const brotli = (code) => brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const sizes = [];
let chatFile = "";

/** A stylesheet becomes a constructed one, which needs no allowance in a page's Content-Security-Policy. */
const stylesheets = {
  name: "stylesheets",
  resolveId: (source, importer) => (source.endsWith(".css?sheet") ? resolve(dirname(importer), source) : null),
  async load(id) {
    if (!id.endsWith(".css?sheet")) return null;
    const { code } = await transformWithEsbuild(readFileSync(id.replace("?sheet", ""), "utf8"), {
      loader: "css",
      minify: true,
      target: ["chrome120", "safari17.5", "firefox120"],
    });
    return `const sheet = new CSSStyleSheet();\nsheet.replaceSync(${JSON.stringify(code.trim())});\nexport default sheet;`;
  },
};

/** Indentation inside html`…` templates says nothing: everything in them is laid out by flex and grid. */
const templates = {
  name: "templates",
  transform(source, id) {
    if (!/widget\/src\/.*\.ts$/.test(id) || !source.includes("html`")) return null;
    const texts = [];
    const walk = (node) => {
      if (node.type === "TaggedTemplateExpression" && /^(html|svg)$/.test(node.tag.name)) texts.push(...node.quasi.quasis);
      for (const child of Object.values(node).flat()) if (child?.type) walk(child);
    };
    walk(this.parse(source));
    const squeeze = (text) =>
      text
        .replace(/>\s*\n\s*/g, ">")
        .replace(/\s*\n\s*</g, "<")
        .replace(/\s*\n\s*/g, " ");
    let code = source;
    for (const { start, end } of texts.sort((x, y) => y.start - x.start))
      code = code.slice(0, start) + squeeze(code.slice(start, end)) + code.slice(end);
    return { code, map: null };
  },
};

/** Lit's Trusted Types policy gets our name: a page that allows policies by name may already have Lit's own. */
const trustedTypesName = {
  name: "trusted-types-name",
  transform(source, id) {
    if (!id.endsWith("/lit-html/lit-html.js")) return null;
    const code = source.replace('createPolicy("lit-html"', 'createPolicy("gpt-agent"');
    if (code === source) this.error("lit-html no longer makes its Trusted Types policy the way this build expects");
    return { code, map: null };
  },
};

const plugins = ({ define, charset } = {}) => [
  stylesheets,
  trustedTypesName,
  nodeResolve({ browser: true, exportConditions: ["browser", "import", "default"], extensions: [".ts", ".js"] }),
  esbuild({ target: TARGET, tsconfig: "tsconfig.json", define }),
  templates,
  minify({ target: TARGET, charset, pure: ["console.assert"], legalComments: "none" }),
];

/** An import that cannot be resolved, or a cycle, is a mistake and not a warning. */
const onwarn = (warning) => {
  throw new Error(warning.message);
};

const chat = {
  input: { chat: "widget/src/chat-panel.ts" },
  // What is loaded later imports from the chat itself, not from a third file.
  preserveEntrySignatures: "allow-extension",
  output: { dir: "widget/dist/widget", format: "es", entryFileNames: "[name].[hash].js", chunkFileNames: "[name].[hash].js", sourcemap },
  plugins: [
    // Modules are always read as UTF-8.
    ...plugins({ define: { VERSION: JSON.stringify(version) }, charset: "utf8" }),
    {
      name: "remember-chat",
      writeBundle({ dir }, bundle) {
        for (const { type, fileName, code, isEntry, isDynamicEntry, name } of Object.values(bundle)) {
          if (type !== "chunk") continue;
          sizes.push({
            file: `widget/${fileName}`,
            part: isDynamicEntry ? name : "chat",
            bytes: Buffer.byteLength(code),
            brotli: brotli(code),
          });
          if (!isEntry) continue;
          chatFile = `widget/${fileName}`;
          // The same without a hash, for loaders that come from a cache and name a file of an older version.
          writeFileSync(`${dir}/chat.js`, code);
        }
      },
    },
  ],
  onwarn,
};

const loader = {
  input: { widget: "widget/src/loader.ts" },
  output: { dir: "widget/dist", format: "iife", entryFileNames: "widget.js" },
  plugins: [
    // A classic script may be read in the page's own encoding: it stays ASCII.
    ...plugins({ define: { CHAT_MODULE: "__CHAT_FILE__" }, charset: "ascii" }),
    {
      name: "name-chat-and-weigh",
      generateBundle(_options, bundle) {
        bundle["widget.js"].code = bundle["widget.js"].code.replace("__CHAT_FILE__", JSON.stringify(chatFile));
      },
      writeBundle() {
        const code = readFileSync("widget/dist/widget.js", "utf8");
        removeOlder();
        sizes.unshift({ file: "widget.js", part: "loader", bytes: Buffer.byteLength(code), brotli: brotli(code) });
        weigh();
      },
    },
  ],
  onwarn,
};

/** Files of earlier builds go last, so that a server on this folder always has a whole widget. */
function removeOlder() {
  const current = ["widget/chat.js", ...sizes.map(({ file }) => file)];
  for (const name of readdirSync("widget/dist/widget")) {
    if (!current.includes(`widget/${name.replace(/\.map$/, "")}`)) rmSync(`widget/dist/widget/${name}`);
  }
}

/** Prints what a visitor's browser loads, and fails when it is too much. */
function weigh() {
  const kib = (bytes) => `${(bytes / KIB).toFixed(2)} KiB`;
  console.table(Object.fromEntries(sizes.map(({ file, bytes, brotli }) => [file, { minified: kib(bytes), brotli: kib(brotli) }])));
  for (const [part, budget] of Object.entries(BUDGET)) {
    const total = sizes.filter((entry) => entry.part === part).reduce((sum, entry) => sum + entry.brotli, 0);
    console.log(`${part}: ${kib(total)} of ${kib(budget)}`);
    if (total > budget) throw new Error(`The widget's ${part} weighs ${kib(total)} with brotli; its budget is ${kib(budget)}.`);
  }
}

export default [chat, loader];
