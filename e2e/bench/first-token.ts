// How long a visitor waits on the demo agent: to the first event of the stream and to the first word, over HTTP.
// `npm run bench:first-token [-- --url http://127.0.0.1:3000 --questions 60]`; without --url the platform is started for it.
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startPlatform } from "../platform.ts";
import { Visitor } from "../visitor.ts";
import { figures, percentile } from "./figures.ts";

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

const { values } = parseArgs({ options: { url: { type: "string" }, questions: { type: "string", default: "60" } } });
const platform = values.url ? null : await startPlatform();
const url = values.url ?? platform!.url;

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

let visitor = await new Visitor(url, "demo").ready();
for (const question of QUESTIONS) await ask(visitor, question, false);
for (let n = 0; n < Number(values.questions); n++) {
  if (n % PER_VISITOR === 0) visitor = await new Visitor(url, "demo").ready();
  await ask(visitor, QUESTIONS[n % QUESTIONS.length]!, true);
  await sleep(50);
}
await platform?.stop();

const row = (what: string, times: number[], goal: string) => ({
  what,
  questions: times.length,
  p50ms: percentile(times, 50),
  p95ms: percentile(times, 95),
  goal,
});
figures("first-token", [
  row("first event", firstEvent, "p50 <= 50"),
  row("first word", firstWord, "p50 <= 150"),
  row("whole answer", whole, "-"),
]);
process.exit(0);
