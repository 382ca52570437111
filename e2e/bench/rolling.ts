// A deployment under load: two portals behind nginx (infra/nginx) on one Redis are restarted one after the other while visitors talk all
// the time, and some of them lose their connection in the middle of an answer.
// `npm run bench:rolling [-- --streams 100]`. Takes two minutes; exits with 1 when a conversation was broken. Needs nginx and redis-server.
import { parseArgs } from "node:util";
import { askPersistently, type Conversation } from "../persistent-reader.ts";
import { startPortals } from "../portals.ts";
import { figures, percentile } from "./figures.ts";
import { addAgent, openVisitors, setStage } from "./streams/stage.ts";
import { readTokens } from "./streams/token.ts";

const { values } = parseArgs({ options: { streams: { type: "string", default: "100" } } });
const streams = Number(values.streams);
const PASSAGES = 200;
/** Answers of about fifteen seconds, as a model writes them. */
const PACE = { tokens: 75, everyMs: 200, firstMs: 300 };
/** Every third visitor drops the connection once in the middle of an answer. */
const LEAVES = 3;

const say = (what: string) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${what}`);

say("starting the platform, two portals and nginx");
const stage = await setStage();
stage.model.pace(PACE);
const portals = await startPortals(stage.platform, {
  LLM_BASE_URL: stage.model.url,
  LLM_API_KEY: "bench",
  LLM_DEFAULT_MODEL: "paced",
});
const agent = await addAgent(stage, PASSAGES);
const visitors = await openVisitors({ ...stage, platform: { ...stage.platform, url: portals.url } }, agent, streams);

let open = true;
let talking = 0;
const conversations: Conversation[] = [];
const wordsOf = (text: string) => readTokens(text).tokens.map(({ n }) => n);
const isWhole = (text: string) => {
  const words = wordsOf(text);
  return words.length === PACE.tokens && words.every((n, at) => n === at + 1);
};

/** Asks one question after the other. */
async function talk(n: number): Promise<void> {
  for (let asked = 0; open; asked++) {
    const leaveAfter = (n + asked) % LEAVES ? undefined : 10 + ((n * 7) % 20);
    talking++;
    const seen = await askPersistently(visitors[n]!.visitor, `What does item${(n + asked * 31) % PASSAGES} need?`, leaveAfter);
    talking--;
    if (!seen.broken && !isWhole(seen.text)) seen.broken = `words are missing: ${wordsOf(seen.text).length} of ${PACE.tokens}`;
    if (seen.broken) say(`broken: ${seen.broken}`);
    conversations.push(seen);
  }
}

say(`${streams} visitors begin to talk`);
const talks = visitors.map((_, n) => talk(n));
await new Promise((wake) => setTimeout(wake, 8_000));
const restarts: number[] = [];
const statuses: (number | null)[] = [];
for (const portal of [0, 1] as const) {
  say(`restarting portal ${portal + 1}, ${talking} visitors talking`);
  const began = performance.now();
  statuses.push(await portals.restart(portal));
  restarts.push(performance.now() - began);
}
say("no more questions; reading to the end");
open = false;
await Promise.all(talks);
await portals.stop();
await stage.stop();

const broken = conversations.filter((conversation) => conversation.broken);
figures("rolling", [
  {
    what: "rolling restart of two portals",
    streams,
    conversations: conversations.length,
    broken: broken.length,
    resumed: conversations.reduce((sum, { resumed }) => sum + resumed, 0),
    refusedThenAnswered: conversations.reduce((sum, { refused }) => sum + refused, 0),
    restartMaxS: Number((percentile(restarts, 100) / 1000).toFixed(1)),
    exits: statuses.join(","),
    goal: "broken 0, exits 0,0",
  },
]);
process.exit(broken.length || statuses.some((status) => status !== 0) ? 1 : 0);
