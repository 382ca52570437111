// What a streamed token costs: the portal's CPU time for each token of many streams at once, whole way (model, citations, run log,
// socket), against a bare server of server-sent events under the same load; and what a stream holds in memory. Both stream side by side, in the
// same seconds: a virtual machine is twice as fast in one minute as in the next, and what a token costs on a busy machine is more than on
// an idle one. For the same reason they do so several times, and the median counts. The bare server is measured alone as well, before.
// `npm run bench:stream-cost [-- --streams 500 --seconds 10 --rounds 3]`. Linux.
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figures, percentile } from "./figures.ts";
import { type BenchServer, startServer } from "./streams/child.ts";
import { cpuOf, ProcessMeter } from "./streams/process-meter.ts";
import { type Ask, Readers } from "./streams/readers.ts";
import { addAgent, openVisitors, question, setStage } from "./streams/stage.ts";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "500" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    profile: { type: "string" },
  },
});
const streams = Number(values.streams);
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
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

/** A server under measurement: who asks it, what its process has used of the CPU (ms), and what it uses in each ms without any stream. */
class Measured {
  private readonly readers = new Readers();
  private readonly reading: ReturnType<Readers["read"]>[] = [];
  private idle = 0;
  constructor(
    private readonly what: string,
    private readonly server: BenchServer,
    private readonly asks: Ask[],
    private readonly cpu: () => Promise<number>,
  ) {}

  async rest(): Promise<void> {
    this.server.pace(pace(tokens));
    const from = await this.cpu();
    await sleep(2_000);
    this.idle = ((await this.cpu()) - from) / 2_000;
  }

  begin(n: number): void {
    this.reading.push(this.readers.read(this.asks[n]!, tokens));
  }

  get flows(): boolean {
    return this.readers.flowing >= this.asks.length;
  }

  /** Measures until `seconds` have passed. */
  async measure() {
    const { readers, idle } = this;
    const [cpu, before, from] = [await this.cpu(), readers.tokens, performance.now()];
    readers.measuring = true;
    await sleep(seconds * 1000);
    readers.measuring = false;
    const used = (await this.cpu()) - cpu - idle * (performance.now() - from);
    const told = readers.tokens - before;
    return {
      what: this.what,
      streams: this.asks.length,
      tokensPerSecond: Math.round(told / seconds),
      cpuMicrosPerToken: Number(((used * 1000) / told).toFixed(1)),
      lagP50ms: percentile(readers.lags, 50),
      lagP99ms: percentile(readers.lags, 99),
    };
  }

  /** Reads all streams to their end. Returns how much of them was not as it should be. */
  async faults(): Promise<number> {
    return (await Promise.all(this.reading)).reduce((sum, one) => sum + one.wrong + (one.complete ? 0 : 1), 0);
  }
}

/** Opens the streams of all servers, measures once all of them flow, and reads them to their end. */
async function load(servers: Measured[], whileFlowing = async () => {}) {
  say(`${streams} streams of ${tokens} tokens from each of ${servers.length}`);
  for (const server of servers) await server.rest();
  for (let n = 0; n < streams; n++) {
    for (const server of servers) server.begin(n);
    await sleep(APART_MS);
  }
  for (let waited = 0; servers.some(({ flows }) => !flows) && waited < LONGEST_START_MS; waited += 100) await sleep(100);
  say("all flow");
  await whileFlowing();
  const figures = await Promise.all(servers.map((server) => server.measure()));
  const faults = await Promise.all(servers.map((server) => server.faults()));
  return figures.map((one, at) => ({ ...one, faults: faults[at]! }));
}

const bareServer = await startServer("bare-server.ts");
const bare = (what: string) =>
  new Measured(
    what,
    bareServer,
    Array.from({ length: streams }, () => ({ url: bareServer.url })),
    async () => cpuOf(bareServer.pid),
  );
const [alone] = await load([bare("bare server, alone")]);

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
/** With all streams of the first round flowing. */
let full = empty;
const whole = () =>
  new Measured(
    "whole way",
    stage.model,
    visitors.slice(0, streams).map((visitor, n) => question(stage, visitor, `What does item${n % 200} need?`)),
    async () => (await meter.use()).cpuMs,
  );
type Figures = NonNullable<typeof alone>;
const pairs: { beside: Figures; portal: Figures }[] = [];
for (let round = 1; round <= rounds; round++) {
  const [beside, portal] = await load([bare("bare server, beside it"), whole()], async () => {
    const held = await meter.use({ collect: true });
    if (round === 1) full = held;
    await sleep(SETTLE_MS);
    if (!values.profile || round > 1) return;
    await meter.send("Profiler.enable");
    await meter.send("Profiler.start");
    setTimeout(async () => {
      const { profile } = await meter.send<{ profile: object }>("Profiler.stop");
      writeFileSync(values.profile!, JSON.stringify(profile));
    }, seconds * 900);
  });
  pairs.push({ beside: beside!, portal: portal! });
}
meter.close();
await stage.stop();
bareServer.stop();

const perStream = (bytes: number) => Number((bytes / streams / 1024).toFixed(1));
const times = (portal: Figures, bare: Figures) => Number((portal.cpuMicrosPerToken / bare.cpuMicrosPerToken).toFixed(2));
const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
figures("stream-cost", [
  alone!,
  ...pairs.flatMap(({ beside, portal }) => [
    beside,
    { ...portal, timesBare: times(portal, beside), timesBareAlone: times(portal, alone!) },
  ]),
  {
    what: "median",
    streams,
    cpuMicrosPerToken: median(pairs.map(({ portal }) => portal.cpuMicrosPerToken)),
    timesBare: median(pairs.map(({ beside, portal }) => times(portal, beside))),
    timesBareAlone: median(pairs.map(({ portal }) => times(portal, alone!))),
    heldKB: perStream(full.heap + full.outside - empty.heap - empty.outside),
    rssKB: perStream(full.rss - empty.rss),
    goal: "timesBare <= 2.2, heldKB <= 100",
  },
]);
process.exit(0);
