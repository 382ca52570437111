// `npm run bench:soak [-- --minutes 30 --share 0.3]`: does the platform, as `npm start` runs it, keep what it should let go of? Visitors ask
// at a share of what the machine can answer, which is measured first; every half a minute the asking stops, the answers end, the garbage is
// collected, and it is written down what the portal, the worker and the embedded backend hold in V8's heap, and in buffers outside of it.
// The first third warms up: half of it at all that the machine can answer, as V8 compiles what is used often only after a while, which
// is some hundred KB more in the heap; half at the share, as answers are kept for five minutes. Before it and at the end the platform is left
// alone until idle connections are closed, and its open files are counted.
//
// Goals: of no process the heap, or the buffers, grow faster than 1 MB an hour (a straight line through the samples after the warm-up, less
// twice its standard error, so that only growth that is certain counts), it has 5 more open files than before at most, no rejection
// unheard, no process ended, no answer lost.
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { figures } from "./figures.ts";
import { ProcessMeter } from "./streams/process-meter.ts";
import { Readers } from "./streams/readers.ts";
import { addAgent, openVisitors, question, SUBJECTS, setStage } from "./streams/stage.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" }, share: { type: "string", default: "0.3" } } });
const minutes = Number(values.minutes);
const share = Number(values.share);
const GOAL_MB_AN_HOUR = 1;
const MORE_FILES = 5;
/** Idle connections are kept for 75 s (supabase/embedded/backend.ts). */
const IDLE_CONNECTIONS_MS = 80_000;
/** Milliseconds of asking before each sample. */
const ASKING_MS = 27_000;
/** Milliseconds that connections and timers get to go by themselves once the last answer has ended. */
const REST_MS = 3_000;
const AT_ONCE = 16;
const TOKENS = 60;
const PASSAGES = 500;
const VISITORS = 240;
const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);

type Sample = { hours: number; heapMb: number; buffersMb: number; rssMb: number };

/** The slope of the line through a figure of the samples by least squares, and the slope's standard error; MB an hour. */
function slopeOf(samples: Sample[], figure: "heapMb" | "buffersMb"): { slope: number; error: number } {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ hours }) => hours), mean((sample) => sample[figure])];
  const spread = samples.reduce((sum, { hours }) => sum + (hours - x) ** 2, 0);
  const slope = samples.reduce((sum, sample) => sum + (sample.hours - x) * (sample[figure] - y), 0) / spread;
  const rest = samples.reduce((sum, sample) => sum + (sample[figure] - y - slope * (sample.hours - x)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (samples.length - 2) / spread) };
}

say("starting the platform");
const stage = await setStage({ MAX_RUNS: "600" });
stage.model.pace({ tokens: TOKENS, everyMs: 30, firstMs: 100 });
const agent = await addAgent(stage, PASSAGES);
let visitors = await openVisitors(stage, agent, VISITORS);
/** A visitor's token is good for an hour; a widget asks for a new one before that. */
const TOKENS_FOR_MS = 45 * 60_000;
let openedAt = performance.now();
const readers = new Readers();
let asked = 0;
/** Told to come again later, with a time: not lost. */
let refused = 0;
let lost = 0;
async function ask(): Promise<void> {
  const n = asked++;
  const text = `What about the ${SUBJECTS[n % SUBJECTS.length]} of item${n % PASSAGES}?`;
  const seen = await readers.read(question(stage, visitors[n % VISITORS]!, text), TOKENS);
  if ((seen.status === 429 || seen.status === 503) && seen.retryAfter) refused++;
  else if (seen.status !== 200 || !seen.complete || seen.wrong > 0) {
    lost++;
    say(`lost: status ${seen.status}, ${seen.complete ? "complete" : "not complete"}, ${seen.wrong} events wrong`);
  }
}

say("measuring what the machine can answer");
const measured = async (ms: number) => {
  const [until, before] = [performance.now() + ms, asked];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < until) await ask();
    }),
  );
  return ((asked - before) / ms) * 1000;
};
await measured(10_000);
const perSecond = (await measured(20_000)) * share;
say(`${(perSecond / share).toFixed(1)} questions a second; asking ${perSecond.toFixed(1)} for ${minutes} minutes`);

async function atShare(ms: number): Promise<void> {
  const flying = new Set<Promise<void>>();
  for (const until = performance.now() + ms; performance.now() < until; await sleep(1000 / perSecond)) {
    const one: Promise<void> = ask().finally(() => flying.delete(one));
    flying.add(one);
  }
  await Promise.all(flying);
}

const processes: { name: string; pid: number; meter: ProcessMeter; samples: Sample[]; files: number[] }[] = [];
// One after the other: each tells the address of its inspector in the same output.
for (const [name, pid] of Object.entries(stage.platform.pids))
  processes.push({ name, pid, meter: await ProcessMeter.attach(pid, stage.platform.output), samples: [], files: [] });
async function countFiles(): Promise<void> {
  await sleep(IDLE_CONNECTIONS_MS);
  for (const { pid, files } of processes) files.push(readdirSync(`/proc/${pid}/fd`).length);
  say(processes.map(({ name, files }) => `${name} ${files.at(-1)} files`).join("; "));
}

// Before the clock starts: a pause in between would take answers from the five minutes of them that the portal keeps, and its heap would
// grow again until they are as many.
await countFiles();

const began = performance.now();
while (performance.now() - began < minutes * 60_000) {
  if (performance.now() - openedAt > TOKENS_FOR_MS) {
    visitors = await openVisitors(stage, agent, VISITORS);
    openedAt = performance.now();
  }
  const inFull = performance.now() - began < (minutes * 60_000) / 6;
  await (inFull ? measured(ASKING_MS) : atShare(ASKING_MS));
  await sleep(REST_MS);
  for (const { name, pid, meter, samples } of processes) {
    if (!existsSync(`/proc/${pid}`)) throw new Error(`The ${name} ended:\n${stage.platform.output().slice(-2_000)}`);
    // Twice: what finalizers let go of is collected the second time.
    await meter.use({ collect: true });
    const { heap, buffers, rss } = await meter.use({ collect: true });
    const hours = (performance.now() - began) / 3_600_000;
    samples.push({ hours, heapMb: heap / 1e6, buffersMb: buffers / 1e6, rssMb: rss / 1e6 });
  }
  say(
    processes
      .map(({ name, samples }) => `${name} ${samples.at(-1)!.heapMb.toFixed(2)} + ${samples.at(-1)!.buffersMb.toFixed(2)} MB`)
      .join("; "),
  );
}
await countFiles();

const unheard = stage.platform.output().match(/nobody noticed|unhandledRejection|UnhandledPromiseRejection/g)?.length ?? 0;
const rows = processes.map(({ name, samples, files }) => {
  const warm = samples.slice(Math.ceil(samples.length / 3));
  const [heap, buffers] = [slopeOf(warm, "heapMb"), slopeOf(warm, "buffersMb")];
  const more = files.at(-1)! - files[0]!;
  return {
    process: name,
    samples: warm.length,
    "heap MB": `${warm[0]!.heapMb.toFixed(1)} -> ${warm.at(-1)!.heapMb.toFixed(1)}`,
    "MB/h": `${heap.slope.toFixed(2)} ± ${heap.error.toFixed(2)}`,
    "buffers MB": `${warm[0]!.buffersMb.toFixed(1)} -> ${warm.at(-1)!.buffersMb.toFixed(1)}`,
    "buffers MB/h": `${buffers.slope.toFixed(2)} ± ${buffers.error.toFixed(2)}`,
    "rss MB": Math.round(warm.at(-1)!.rssMb),
    files: files.join(" -> "),
    met: [heap, buffers].every(({ slope, error }) => slope - 2 * error <= GOAL_MB_AN_HOUR) && more <= MORE_FILES,
  };
});
figures("soak", rows);
const whole = {
  what: "soak",
  minutes,
  "questions a second": Number(perSecond.toFixed(1)),
  asked,
  refused,
  lost,
  "rejections unheard": unheard,
};
figures("soak-answers", [whole]);
for (const { meter } of processes) meter.close();
await stage.stop();
process.exit(rows.every(({ met }) => met) && lost === 0 && unheard === 0 ? 0 : 1);
