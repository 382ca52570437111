// Many visitors at once, the whole way: token, limits, database, retrieval, a model of ten tokens a second, citations, run log, socket;
// first as many as the platform is to carry (H1), then three times as many as that (H2).
// `npm run bench:streams [-- --streams 500 --database postgres]`. Takes two minutes. Linux.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figures, percentile } from "./figures.ts";
import { cpuOf, cpuOfFamily } from "./streams/process-meter.ts";
import { Readers, type Seen } from "./streams/readers.ts";
import { openCrowd, question, setStage } from "./streams/stage.ts";

const { values } = parseArgs({ options: { streams: { type: "string", default: "500" }, database: { type: "string" } } });
const streams = Number(values.streams);
const AGENTS = 4;
const PASSAGES = 500;
/** Answers of about fifteen seconds. */
const PACE = { tokens: 150, everyMs: 100, firstMs: 300 };
const ANSWER_S = (PACE.firstMs + PACE.tokens * PACE.everyMs) / 1000;
const STEADY_S = 15;
const OVERLOAD_S = 15;

const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);

say("starting the platform");
const stage = await setStage({ MAX_RUNS: String(Math.round(streams * 1.1)) }, values.database);
stage.model.pace(PACE);
say("adding agents and visitors");
const visitors = await openCrowd(stage, AGENTS, PASSAGES, Math.ceil(streams / AGENTS));

/** Asks `perSecond` questions for so many seconds, whatever becomes of those before. Resolves to what became of each. */
async function visit(readers: Readers, perSecond: number, seconds: number): Promise<Promise<Seen>[]> {
  const reading: Promise<Seen>[] = [];
  const began = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    const due = began + (n / perSecond) * 1000 - performance.now();
    if (due > 1) await sleep(due);
    const visitor = visitors[asked++ % visitors.length]!;
    reading.push(readers.read(question(stage, visitor, `What does item${n % PASSAGES} need?`), PACE.tokens));
  }
  return reading;
}
let asked = 0;

/** How long the portal's own pages take while `during` goes on, in milliseconds; a failure counts as a minute. */
async function visitPages(during: Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  let over = false;
  void during.finally(() => {
    over = true;
  });
  while (!over) {
    const began = performance.now();
    const page = await fetch(`${stage.platform.url}/login`).catch(() => null);
    await page?.text();
    took.push(page?.ok ? performance.now() - began : 60_000);
    await sleep(500);
  }
  return took;
}

/** CPU time of the platform's processes, and of the bench's own visitors and model, in cores while `during` goes on. */
async function coresDuring(during: () => Promise<unknown>): Promise<Record<string, number>> {
  const { portal, backend, worker } = stage.platform.pids;
  const bench = () => cpuOf(process.pid) + cpuOf(stage.model.pid);
  const postgres = () => (stage.database ? cpuOfFamily(stage.database.pid) : 0);
  const before = { portal: cpuOf(portal), backend: cpuOf(backend), worker: cpuOf(worker), bench: bench(), postgres: postgres() };
  const began = performance.now();
  await during();
  const took = performance.now() - began;
  const cores = (pid: number, from: number) => Number(((cpuOf(pid) - from) / took).toFixed(2));
  return {
    portalCores: cores(portal, before.portal),
    backendCores: cores(backend, before.backend),
    workerCores: cores(worker, before.worker),
    ...(stage.database ? { postgresCores: Number(((postgres() - before.postgres) / took).toFixed(2)) } : {}),
    benchCores: Number(((bench() - before.bench) / took).toFixed(2)),
  };
}

const perSecond = streams / ANSWER_S;
await Promise.all(await visit(new Readers(), 4, 3));

say(`${perSecond.toFixed(0)} questions a second until ${streams} answers are being written`);
const readers = new Readers();
const rising = await visit(readers, perSecond, ANSWER_S);
say("steady");
readers.measuring = true;
const steadyFrom = readers.tokens;
let steady: Promise<Seen>[] = [];
const cores = await coresDuring(async () => {
  steady = await visit(readers, perSecond, STEADY_S);
});
const flowing = readers.flowing;
const steadyTokens = (readers.tokens - steadyFrom) / STEADY_S;
const steadyLags = readers.lags.splice(0);

say("three times as many");
const overloadFrom = readers.tokens;
const visiting = visit(readers, perSecond * 3, OVERLOAD_S);
const pages = await visitPages(visiting);
const overload = await visiting;
const overloadTokens = (readers.tokens - overloadFrom) / OVERLOAD_S;
const overloadLags = readers.lags.splice(0);
say("reading to the end");
const [calm, crowded] = [await Promise.all([...rising, ...steady]), await Promise.all(overload)];
await stage.stop();

const over = (seen: Seen[]) => seen.flatMap(({ firstAfter }) => (firstAfter === null ? [] : [firstAfter - PACE.firstMs]));
const faults = (seen: Seen[]) => seen.reduce((sum, { wrong, complete }) => sum + wrong + (complete ? 0 : 1), 0);
const accepted = crowded.filter(({ status }) => status === 200);
const refused = crowded.filter(({ status }) => status === 429 || status === 503);
figures("streams", [
  {
    what: "H1 steady",
    streams: flowing,
    answers: calm.length,
    refused: calm.filter(({ status }) => status !== 200).length,
    tokensPerSecond: Math.round(steadyTokens),
    faults: faults(calm),
    lagP99ms: percentile(steadyLags, 99),
    firstP50ms: percentile(over(calm), 50),
    firstP99ms: percentile(over(calm), 99),
    ...cores,
    goal: "faults 0, lag p99 <= 250, first p99 <= 1000",
  },
  {
    what: "H2 three times",
    answers: crowded.length,
    accepted: accepted.length,
    refused: refused.length,
    otherwise: crowded.length - accepted.length - refused.length,
    withoutRetryAfter: refused.filter(({ retryAfter }) => !retryAfter).length,
    refusedP99ms: percentile(
      refused.map(({ answeredAfter }) => answeredAfter),
      99,
    ),
    goodput: Number((overloadTokens / steadyTokens).toFixed(2)),
    faults: faults(accepted),
    lagP99ms: percentile(overloadLags, 99),
    firstP99ms: percentile(over(accepted), 99),
    pageP99ms: percentile(pages, 99),
    goal: "otherwise 0, withoutRetryAfter 0, refused p99 <= 100, goodput >= 0.9",
  },
]);
process.exit(0);
