// The documents' links to each other and into the code lead somewhere, headings included, wherever the repository lives.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL(".", import.meta.url));
const LEFT_OUT = /^(node_modules|\..*|build|dist|test-results)$/;

function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.test(entry.name) && entry.name !== ".github") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? documents(path) : entry.name.endsWith(".md") ? [path] : [];
  });
}
const files = documents(root);

/** What is no code. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()#]/g, ""));

/** Headings' anchors, as GitHub makes them: lower case, without punctuation, spaces as hyphens; a second one of the same name has a number. */
function anchorsOf(path: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [
    ...readFileSync(path, "utf8")
      .replace(/^```[\s\S]*?^```/gm, "")
      .matchAll(/^#{1,6} (.+)$/gm),
  ].map(([, heading]) => {
    const name = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return times ? `${name}-${times}` : name;
  });
  return new Set(anchors);
}

/** Links of a document that lead nowhere. */
function dead(path: string): string[] {
  return [...prose(readFileSync(path, "utf8")).matchAll(/\]\(<?([^)>\s]+)>?\)/g)].flatMap(([, link]) => {
    if (/^(https?:|mailto:)/.test(link!)) return /your-organization/.test(link!) ? [link!] : [];
    const [file, anchor] = link!.split("#") as [string, string | undefined];
    const target = file ? join(dirname(path), decodeURIComponent(file)) : path;
    if (!existsSync(target)) return [link!];
    return anchor && target.endsWith(".md") && !anchorsOf(target).has(decodeURIComponent(anchor)) ? [link!] : [];
  });
}

test("there are documents to look at, with links", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(anchorsOf(join(root, "docs/DEPLOY.md"))).toContain("on-a-postgres-server");
});

test("a link to a file or a heading that is not there is told, and so is an address that nobody filled in", () => {
  const folder = mkdtempSync(join(tmpdir(), "gpt-agent-links-"));
  const wrong = ["b.md", "#two", "a.md#two", "https://github.com/your-organization/x"];
  const right = ["a.md", "#one-two", "a.md#one-two-1", "https://example.com/a.md#x"];
  const lines = [...wrong, ...right].map((link) => `[x](${link})`);
  writeFileSync(join(folder, "a.md"), `# One, two\n\n## One two\n${lines.join("\n")}\n\`[x](c.md)\`\n`);
  expect(dead(join(folder, "a.md"))).toEqual(wrong);
  rmSync(folder, { recursive: true });
});

test.each(files.map((path) => relative(root, path)))("%s: its links lead somewhere", (path) => {
  expect(dead(join(root, path))).toEqual([]);
});
