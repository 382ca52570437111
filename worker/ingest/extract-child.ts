// The process that reads one file: extract, chunk, tell languages. It is given a folder with the file, leaves its result
// there, and is killed when it takes too long or too much memory. It knows no secrets: its environment is empty.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { chunk } from "./chunk.ts";
import { ReadFailure } from "./document.ts";
import { extract } from "./extract/extract.ts";
import { detectLanguages } from "./language.ts";
import { type ReadResult, readTask } from "./read-result.ts";

/**
 * Watches from a thread of its own, because a parser that runs away never yields: the process ends with SIGALRM when
 * its time is up, with SIGUSR2 when it holds too much memory, and silently when its parent is gone. What counts is the
 * processor's time, so that a good file is not given up because the machine is busy.
 */
const WATCH = `
const { workerData } = require("node:worker_threads");
const { cpuSeconds, seconds, megabytes, parent } = workerData;
const until = Date.now() + seconds * 1000;
const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  if (Date.now() > until || used() > cpuSeconds) process.kill(process.pid, "SIGALRM");
  if (process.memoryUsage.rss() > megabytes * 1048576) process.kill(process.pid, "SIGUSR2");
}, 50);
`;

const folder = process.argv[2]!;
const task = readTask.parse(JSON.parse(await readFile(join(folder, "task.json"), "utf8")));
new Worker(WATCH, {
  eval: true,
  execArgv: [],
  workerData: { ...task.limits, parent: process.ppid },
  resourceLimits: { maxOldGenerationSizeMb: 16 },
}).unref();
// Documents name pictures, styles and links; nothing here may fetch them.
globalThis.fetch = () => Promise.reject(new Error("Reading a file uses no network"));

let result: ReadResult;
try {
  const document = await extract(await readFile(join(folder, "file")), task.name);
  const chunks = chunk(document);
  const languages = detectLanguages(chunks.map(({ body }) => body));
  result = {
    ok: true,
    format: document.format,
    title: document.title ?? null,
    pages: document.pages ?? null,
    length: document.text.length,
    language: languages.overall,
    chunks: chunks.map((each, index) => ({ ...each, language: languages.each[index] ?? null })),
  };
} catch (error) {
  if (!(error instanceof ReadFailure)) throw error;
  result = {
    ok: false,
    code: error.code,
    message: error.message,
    cause: error.cause === undefined ? null : String(error.cause).slice(0, 500),
  };
}
await writeFile(join(folder, "result.json"), JSON.stringify(result));
process.exit(0);
