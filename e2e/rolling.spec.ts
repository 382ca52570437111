// A deployment in the middle of conversations: two portals behind nginx (infra/nginx) and one Redis, restarted one after the other.
import { once } from "node:events";
import { createServer } from "node:http";
import { expect, test } from "@playwright/test";
import { freePort } from "./fakes/free-port.ts";
import { startFakeLlm } from "./fakes/llm.ts";
import { askPersistently } from "./persistent-reader.ts";
import { startNginx, startPortals } from "./portals.ts";
import { Visitor } from "./visitor.ts";

test.describe.configure({ timeout: 120_000 });

const WORDS = Array.from({ length: 120 }, (_, n) => `word-${n}`).join(" ");

test("a rolling restart breaks no conversation: answers end, whoever is cut off reads on at the other portal, new questions go there", async () => {
  const llm = await startFakeLlm();
  llm.script({ kind: "answer", text: WORDS, pauseMs: 50 });
  const { PLATFORM_DATA: dataFolder, PLATFORM_BACKEND: backendUrl } = process.env as Record<string, string>;
  const platform = { dataFolder: dataFolder!, backendUrl: backendUrl! };
  const portals = await startPortals(platform, { LLM_BASE_URL: llm.url, LLM_API_KEY: "test", MAX_EVENT_LOOP_LAG_MS: "60000" });
  try {
    const visitors = await Promise.all(
      Array.from({ length: 16 }, (_, n) => new Visitor(portals.url, "demo", portals.url, { "x-forwarded-for": `10.7.0.${n}` }).ready()),
    );
    const talk = (some: Visitor[]) =>
      Promise.all(some.map((visitor, n) => askPersistently(visitor, "How long is the warranty?", n % 2 ? 20 + n : undefined)));
    const before = talk(visitors.slice(0, 8));
    await expect.poll(() => llm.open(), { timeout: 30_000 }).toBe(8);
    const first = portals.restart(0);
    const during = talk(visitors.slice(8));
    expect(await first).toBe(0);
    expect(await portals.restart(1)).toBe(0);
    for (const { broken, text } of [...(await before), ...(await during)]) {
      expect(broken).toBeNull();
      expect(text).toBe(WORDS);
    }
    expect((await before).some(({ resumed }) => resumed > 0)).toBe(true);
  } finally {
    await portals.stop();
    await llm.close();
  }
});

test("the proxy uses a portal as soon as it is back, even when the other one goes in the same moment", async () => {
  const ports = [await freePort(), await freePort()] as const;
  const start = async (port: number) => {
    const server = createServer((_, response) => response.end(String(port)));
    await once(server.listen(port, "127.0.0.1"), "listening");
    return { stop: () => new Promise((done) => server.close(done)) };
  };
  let first = await start(ports[0]);
  const second = await start(ports[1]);
  const nginx = await startNginx([...ports]);
  const asked = async () => {
    const response = await fetch(nginx.url);
    return `${response.status} ${await response.text()}`;
  };
  try {
    expect([await asked(), await asked()].sort()).toEqual(ports.map((port) => `200 ${port}`).sort());
    await first.stop();
    // One of them goes to the first portal and is refused there.
    for (let n = 0; n < 2; n++) expect(await asked()).toBe(`200 ${ports[1]}`);
    first = await start(ports[0]);
    await second.stop();
    for (let n = 0; n < 4; n++) expect(await asked()).toBe(`200 ${ports[0]}`);
  } finally {
    await nginx.stop();
    await Promise.all([first.stop(), second.stop()]);
  }
});
