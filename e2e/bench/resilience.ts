// What streams survive: random cuts, aborts, and the end of the portal that writes them, with the platform as `npm start` runs it.
// `npm run bench:resilience [-- --cuts 1000 --aborts 1000]`. Takes two minutes.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startFakeLlm } from "../fakes/llm.ts";
import type { Visitor } from "../visitor.ts";
import { figures } from "./figures.ts";
import { ProcessMeter } from "./streams/process-meter.ts";
import { openCrowd, setStage } from "./streams/stage.ts";

const { values } = parseArgs({ options: { cuts: { type: "string", default: "1000" }, aborts: { type: "string", default: "1000" } } });
const cutsWanted = Number(values.cuts);
const abortsWanted = Number(values.aborts);
const AT_ONCE = 16;
const AGENTS = 4;
const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);

say("starting the platform");
const llm = await startFakeLlm();
const stage = await setStage({ LLM_BASE_URL: llm.url });
// So many that none of them is asked more in a minute than an agent may be, or asks more than a visitor may.
const visitors = (await openCrowd(stage, AGENTS, 50, AT_ONCE * 4)).map(({ visitor }) => visitor);
const meter = await ProcessMeter.attach(stage.platform.pids.portal, stage.platform.output);

/** Reads one answer through as many cuts as come, each after a few events. */
async function throughCuts(visitor: Visitor, text: string): Promise<{ cuts: number; exact: boolean }> {
  const id = randomUUID();
  const seen = new Map<string, string>();
  let last: string | undefined;
  let doubled = 0;
  for (let cuts = 0; ; cuts++) {
    const most = 1 + Math.floor(Math.random() * 6);
    let finished = false;
    let read = 0;
    const events = last ? visitor.resume(id, last) : visitor.ask("What does item7 need?", id);
    for await (const { id: at, event } of events) {
      if (seen.has(at!)) doubled++;
      seen.set(at!, event.type === "text-delta" ? event.delta : "");
      last = at;
      finished = event.type === "finish";
      if (finished || ++read >= most) break;
    }
    if (finished) return { cuts, exact: doubled === 0 && [...seen.values()].join("") === text };
  }
}

say("cutting");
const text = Array.from({ length: 120 }, (_, n) => (n % 2 ? `слово-${n}` : `word-${n}`)).join(" ");
llm.script({ kind: "answer", text, pauseMs: 30 });
const began = performance.now();
let cuts = 0;
let answers = 0;
let inexact = 0;
let next = 0;
const cutting = async () => {
  while (cuts < cutsWanted) {
    const one = await throughCuts(visitors[next++ % visitors.length]!, text);
    cuts += one.cuts;
    answers++;
    if (!one.exact) inexact++;
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, cutting));
const cutRow = {
  what: "H5 cuts",
  cuts,
  answers,
  inexact,
  modelCalls: llm.requests.length,
  seconds: Math.round((performance.now() - began) / 1000),
  goal: "inexact 0, one call each",
};

/** Begins an answer, leaves after its first word, and stops it. */
async function abort(visitor: Visitor) {
  const id = randomUUID();
  for await (const { event } of visitor.ask("What does item7 need?", id)) if (event.type === "text-delta") break;
  await visitor.stop(id);
}
async function abortMany(count: number) {
  let left = count;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await abort(visitors[next++ % visitors.length]!);
    }),
  );
  for (let waited = 0; llm.open() > 0 && waited < 5_000; waited += 50) await sleep(50);
  await sleep(6_000);
}
/** What the portal holds: bytes of heap, and sockets and timers by number. */
async function holds() {
  const { heap } = await meter.use({ collect: true });
  const expression = "JSON.stringify(process.getActiveResourcesInfo())";
  const { result } = await meter.send<{ result: { value: string } }>("Runtime.evaluate", { expression });
  const resources = JSON.parse(result.value) as string[];
  const count = (name: string) => resources.filter((one) => one === name).length;
  return { heap, sockets: count("TCPSocketWrap"), timers: count("Timeout") };
}

say("aborting");
llm.script({ kind: "answer", text, pauseMs: 100 });
// Until the connections of visitors and database are as many as they get.
await abortMany(300);
const before = await holds();
await abortMany(abortsWanted);
const after = await holds();
const abortRow = {
  what: "H4 aborts",
  aborts: abortsWanted,
  leftOpen: llm.open(),
  heapMB: `${(before.heap / 1e6).toFixed(1)} -> ${(after.heap / 1e6).toFixed(1)}`,
  heapGrowth: Number((after.heap / before.heap - 1).toFixed(3)),
  sockets: `${before.sockets} -> ${after.sockets}`,
  timers: `${before.timers} -> ${after.timers}`,
  goal: "nothing open, growth <= 0.05",
};
meter.close();
await stage.stop();
await llm.close();
figures("resilience", [cutRow, abortRow]);
process.exit(0);
