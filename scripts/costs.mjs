// `npm run costs`: what an installation of some size needs and costs a month, with its arithmetic, as the tables of docs/SCALING.md; --write puts them there.
// Measured figures come from the benches that are named; prices and habits are assumptions: change them here to yours.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { at } from "./project.mjs";

/** What one organization does in a month. */
export const HABITS = {
  questions: 1_000,
  questionsInConversation: 3,
  promptTokens: 1_600,
  answerTokens: 180,
  passages: 1_500,
  fileMegabytes: 20,
  /** Passages that are read anew a month. */
  passagesReadAnew: 300,
  /** The busiest minute of a month against the average one. */
  peak: 8,
  /** Months for which conversations are kept. */
  monthsKept: 12,
};

/** What was measured (docs/SCALING.md), and with what. */
export const MEASURED = {
  /** bench:streams: of ten tokens a second, the database beside them. */
  streamsPerCore: 150,
  tokensPerSecond: 10,
  /** bench:sizes, indexes included. */
  bytesOfPassage: 4_313,
  bytesOfVector: 8_569,
  bytesOfAnswer: 11_940,
  /** worker/ingest/read-file.ts: a hundred pages of PDF in two seconds of a processor; three passages a page. */
  passagesPerCoreSecond: 150,
};

/** US dollars. List prices change: put in yours. */
export const PRICES = {
  /** core/llm/catalogue-snapshot.ts, openai/gpt-5-mini, a million tokens. */
  promptMillion: 0.25,
  answerMillion: 2,
  /** text-embedding-3-small, a million tokens; a passage has about 250. */
  embeddingMillion: 0.02,
  /** A core with 2 GB on a host for containers. */
  core: 20,
  /** The database: a plan to begin with, a core of it, a GB. */
  databasePlan: 25,
  databaseCore: 50,
  databaseGB: 0.125,
  storageGB: 0.021,
  redis: 10,
};

const MONTH_SECONDS = 30 * 24 * 3600;
const GB = 1024 ** 3;

/**
 * What so many organizations need and cost a month.
 * @param {number} organizations
 */
export function costOf(organizations) {
  const questions = organizations * HABITS.questions;
  const perSecond = questions / MONTH_SECONDS;
  const streams = perSecond * HABITS.peak * (HABITS.answerTokens / MEASURED.tokensPerSecond);
  /** The figure of streams a core counts the database in: about half of it each. Never less than one of either, two portals from the second core on. */
  const cores = Math.max(1, Math.ceil(streams / MEASURED.streamsPerCore));
  const portalCores = Math.max(1, Math.ceil(cores / 2));
  const databaseCores = Math.max(2, cores - portalCores);
  const reading = (organizations * HABITS.passagesReadAnew) / MEASURED.passagesPerCoreSecond / MONTH_SECONDS;
  const workerCores = Math.max(1, Math.ceil(reading * HABITS.peak + perSecond * HABITS.peak * 0.02));
  const databaseGB =
    (organizations * HABITS.passages * (MEASURED.bytesOfPassage + MEASURED.bytesOfVector) +
      questions * HABITS.monthsKept * MEASURED.bytesOfAnswer) /
    GB;
  const storageGB = (organizations * HABITS.fileMegabytes) / 1024;
  const model = (questions * (HABITS.promptTokens * PRICES.promptMillion + HABITS.answerTokens * PRICES.answerMillion)) / 1e6;
  const embeddings = ((organizations * HABITS.passagesReadAnew * 250 + questions * 20) * PRICES.embeddingMillion) / 1e6;
  const machines =
    (portalCores + workerCores) * PRICES.core +
    PRICES.databasePlan +
    databaseCores * PRICES.databaseCore +
    databaseGB * PRICES.databaseGB +
    storageGB * PRICES.storageGB +
    PRICES.redis;
  return {
    organizations,
    questions,
    perSecond,
    streams,
    portalCores,
    workerCores,
    databaseCores,
    databaseGB,
    storageGB,
    model,
    embeddings,
    machines,
  };
}

const n = (value, digits = 0) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const SIZES = [10, 100, 1_000, 10_000];

/** The tables and their arithmetic, as Markdown. */
export function report() {
  const costs = SIZES.map(costOf);
  const row = (name, how, value) => `| ${name} | ${how} | ${costs.map(value).join(" | ")} |`;
  const total = ({ machines, model, embeddings }) => machines + model + embeddings;
  const { passages, fileMegabytes, peak, monthsKept, promptTokens, answerTokens, passagesReadAnew } = HABITS;
  const m = MEASURED;
  const p = PRICES;
  return [
    `An organization asks ${n(HABITS.questions)} questions a month (${promptTokens} tokens in, ${answerTokens} out), has ${n(passages)} passages with vectors and ${fileMegabytes} MB of files, reads ${passagesReadAnew} passages anew, keeps`,
    `conversations for ${monthsKept} months, and its busiest minute has ${peak} times the average.`,
    "",
    `| organizations | how | ${SIZES.map((size) => n(size)).join(" | ")} |`,
    `|---|---|${SIZES.map(() => "---:").join("|")}|`,
    row("questions a second at the peak", `questions ÷ ${n(MONTH_SECONDS)} s × ${peak}`, (c) => n(c.perSecond * peak, 2)),
    row("streams at once then", `× ${answerTokens} tokens ÷ ${m.tokensPerSecond} a second`, (c) => n(c.streams, 1)),
    row("cores of portals", `streams ÷ ${m.streamsPerCore}, half of it`, (c) => n(c.portalCores)),
    row("cores of the database", "the other half, at least 2", (c) => n(c.databaseCores)),
    row("cores of workers", `passages ÷ ${m.passagesPerCoreSecond} a second × ${peak}, and 20 ms of jobs a question`, (c) =>
      n(c.workerCores),
    ),
    row(
      "database, GB",
      `passages × ${n(m.bytesOfPassage + m.bytesOfVector)} B + questions × ${monthsKept} × ${n(m.bytesOfAnswer)} B`,
      (c) => n(c.databaseGB, 1),
    ),
    row("files, GB", `${fileMegabytes} MB each`, (c) => n(c.storageGB, 1)),
    row(
      "machines, $ a month",
      `$${p.core} a core, database $${p.databasePlan} + $${p.databaseCore} a core + $${p.databaseGB} a GB, files $${p.storageGB} a GB, Redis $${p.redis}`,
      (c) => n(c.machines),
    ),
    row("model, $ a month", `$${p.promptMillion} and $${p.answerMillion} a million tokens in and out`, (c) => n(c.model)),
    row("vectors, $ a month", `$${p.embeddingMillion} a million tokens`, (c) => n(c.embeddings, 2)),
    row("**all, $ a month**", "", (c) => `**${n(total(c))}**`),
    row("of it for one organization, $", "", (c) => n(total(c) / c.organizations, 2)),
  ].join("\n");
}

export const BEGIN = "<!-- npm run costs -- --write -->";
export const END = "<!-- end of what npm run costs writes -->";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes("--write")) console.log(report());
  else {
    const file = at("docs", "SCALING.md");
    const text = readFileSync(file, "utf8");
    const [before, rest] = text.split(BEGIN);
    writeFileSync(file, `${before}${BEGIN}\n${report()}\n${END}${rest.split(END)[1]}`);
  }
}
