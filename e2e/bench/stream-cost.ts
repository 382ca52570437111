// What a streamed token costs: the portal's CPU time for each token of many streams at once, whole way (model, citations, run log,
// socket), against a bare server of server-sent events under the same load; and what a stream holds in memory. The bare server is
// measured before and after, as the machine's speed may drift meanwhile.
// `npm run bench:stream-cost [-- --streams 500 --seconds 10]`. Linux.
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figures, percentile } from "./figures.ts";
import { type BenchServer, startServer } from "./streams/child.ts";
import { cpuOf, ProcessMeter } from "./streams/process-meter.ts";
import { type Ask, Readers } from "./streams/readers.ts";
import { addAgent, openVisitors, question, setStage } from "./streams/stage.ts";

const { values } = parseArgs({
  options: { streams: { type: "string", default: "500" }, seconds: { type: "string", default: "10" }, profile: { type: "string" } },
});
const streams = Number(values.streams);
const seconds = Number(values.seconds);
const EVERY_MS = 100;
/** Streams begin this far apart, so that the measurement is of streaming alone. */
const APART_MS = 30;
/** The last of them may take this long to begin, on a machine that has other things to do. */
const LONGEST_START_MS = 12_000;
/** After the garbage collection that memory is measured with, V8 collects five times as often for some seconds, which no visitor asks for. */
const SETTLE_MS = 10_000;

/** Progress, for whoever waits. */
const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);
const pace = (tokens: number) => ({ tokens, everyMs: EVERY_MS, firstMs: 300 });
/** Long enough to outlast the others' beginnings and the measurement. */
const tokens = Math.ceil((streams * APART_MS + seconds * 1000 + LONGEST_START_MS + SETTLE_MS) / EVERY_MS);

type Meter = { cpu(): Promise<number> };

/** Opens all streams, measures once all of them flow, and reads them to their end. */
async function load(server: BenchServer, asks: Ask[], meter: Meter, whileFlowing = async () => {}) {
  say(`${asks.length} streams of ${tokens} tokens`);
  server.pace(pace(tokens));
  const idleFrom = await meter.cpu();
  await sleep(2_000);
  const idle = ((await meter.cpu()) - idleFrom) / 2_000;

  const readers = new Readers();
  const reading = [];
  for (const ask of asks) {
    reading.push(readers.read(ask, tokens));
    await sleep(APART_MS);
  }
  for (let waited = 0; readers.flowing < asks.length && waited < LONGEST_START_MS; waited += 100) await sleep(100);
  say("all flow");
  await whileFlowing();
  const [cpu, before, from] = [await meter.cpu(), readers.tokens, performance.now()];
  readers.measuring = true;
  await sleep(seconds * 1000);
  readers.measuring = false;
  const used = (await meter.cpu()) - cpu - idle * (performance.now() - from);
  const told = readers.tokens - before;
  const seen = await Promise.all(reading);
  return {
    streams: asks.length,
    tokensPerSecond: Math.round(told / seconds),
    cpuMicrosPerToken: Number(((used * 1000) / told).toFixed(1)),
    lagP50ms: percentile(readers.lags, 50),
    lagP99ms: percentile(readers.lags, 99),
    faults: seen.reduce((sum, one) => sum + one.wrong + (one.complete ? 0 : 1), 0),
  };
}

const bareServer = await startServer("bare-server.ts");
const loadBare = () =>
  load(
    bareServer,
    Array.from({ length: streams }, () => ({ url: bareServer.url })),
    { cpu: async () => cpuOf(bareServer.pid) },
  );
const before = await loadBare();

say("starting the platform");
const stage = await setStage();
say("started");
const agent = await addAgent(stage, 200);
const visitors = await openVisitors(stage, agent, streams + 20);
const meter = await ProcessMeter.attach(stage.platform.pids.portal, stage.platform.output);
// What loads and compiles only once is no stream's.
stage.model.pace(pace(30));
const warm = new Readers();
await Promise.all(visitors.slice(streams).map((visitor) => warm.read(question(stage, visitor, "What does item7 need?"), 30)));
await sleep(1_000);

const empty = await meter.use({ collect: true });
let held = empty;
const whole = await load(
  stage.model,
  visitors.slice(0, streams).map((visitor, n) => question(stage, visitor, `What does item${n % 200} need?`)),
  { cpu: async () => (await meter.use()).cpuMs },
  async () => {
    held = await meter.use({ collect: true });
    await sleep(SETTLE_MS);
    if (!values.profile) return;
    await meter.send("Profiler.enable");
    await meter.send("Profiler.start");
    setTimeout(async () => {
      const { profile } = await meter.send<{ profile: object }>("Profiler.stop");
      writeFileSync(values.profile!, JSON.stringify(profile));
    }, seconds * 900);
  },
);
meter.close();
await stage.stop();
const after = await loadBare();
bareServer.stop();

const perStream = (bytes: number) => Number((bytes / streams / 1024).toFixed(1));
figures("stream-cost", [
  { what: "bare server, before", ...before },
  { what: "bare server, after", ...after },
  {
    what: "whole way",
    ...whole,
    timesBare: Number(((2 * whole.cpuMicrosPerToken) / (before.cpuMicrosPerToken + after.cpuMicrosPerToken)).toFixed(2)),
    heldKB: perStream(held.heap + held.outside - empty.heap - empty.outside),
    rssKB: perStream(held.rss - empty.rss),
    goal: "timesBare <= 2.2, heldKB <= 100",
  },
]);
process.exit(0);
