// How long a visitor waits: to the first event of the stream and to the first word, over HTTP. On the demo agent, whose quotes need no
// model; with --passages on an agent that has so many, and a model that answers at once, so that all of the wait is ours.
// `npm run bench:first-token [-- --passages 10000 | --url http://127.0.0.1:3000] [--questions 60] [--database postgres]`; without --url the platform is started.
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPlatform } from "../platform.ts";
import { untilIdle } from "../until-idle.ts";
import { Visitor } from "../visitor.ts";
import { figures, percentile } from "./figures.ts";
import { startDatabase } from "./streams/database.ts";
import { addAgent, PAGE, SUBJECTS, setStage } from "./streams/stage.ts";

const QUESTIONS = [
  "How long is the warranty?",
  "How much does delivery cost?",
  "Can I return a bottle?",
  "Can I put the bottle into a dishwasher?",
  "Какая гарантия на бутылку?",
  "Сколько стоит доставка?",
  "Как вернуть товар?",
  "Можно ли мыть бутылку в посудомоечной машине?",
];
/** One visitor may ask 20 questions a minute. */
const PER_VISITOR = 15;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    passages: { type: "string" },
    questions: { type: "string", default: "60" },
    database: { type: "string" },
  },
});
const passages = Number(values.passages ?? 0);
const stage = passages ? await setStage({}, values.database) : null;
stage?.model.pace({ tokens: 20, everyMs: 5, firstMs: 0 });
const database = values.url || stage ? null : await startDatabase(values.database);
const platform = values.url || stage ? null : await startPlatform({ env: database?.env });
if (platform) await untilIdle(platform);
const url = values.url ?? (stage?.platform ?? platform!).url;
const agent = stage ? await addAgent(stage, passages) : "demo";
const newVisitor = () => new Visitor(url, agent, stage ? PAGE : url).ready();
/** About what the passages say; every second one names something that one passage alone has. */
const questions = stage
  ? Array.from({ length: 40 }, (_, n) =>
      n % 2
        ? `What does item${n * 97} need, and how long does it take?`
        : `How many days does the ${SUBJECTS[n % 15]} take for model M${n * 11}?`,
    )
  : QUESTIONS;

const firstEvent: number[] = [];
const firstWord: number[] = [];
const whole: number[] = [];
async function ask(visitor: Visitor, question: string, counts: boolean) {
  const began = performance.now();
  let events = 0;
  let words = 0;
  for await (const { at, event } of visitor.ask(question)) {
    if (counts && events++ === 0) firstEvent.push(at - began);
    if (counts && event.type === "text-delta" && words++ === 0) firstWord.push(at - began);
  }
  if (counts) whole.push(performance.now() - began);
}

let visitor = await newVisitor();
for (const question of questions.slice(0, 8)) await ask(visitor, question, false);
for (let n = 0; n < Number(values.questions); n++) {
  if (n % PER_VISITOR === 0) visitor = await newVisitor();
  await ask(visitor, questions[n % questions.length]!, true);
  await sleep(50);
}
await (stage ?? platform)?.stop();
await database?.stop();

const row = (what: string, times: number[], goal: string) => ({
  what,
  questions: times.length,
  p50ms: percentile(times, 50),
  p95ms: percentile(times, 95),
  goal,
});
figures("first-token", [
  row("first event", firstEvent, "p50 <= 50"),
  row("first word", firstWord, stage ? "p50 <= 50, p95 <= 120" : "p50 <= 150"),
  row("whole answer", whole, "-"),
]);
process.exit(0);
