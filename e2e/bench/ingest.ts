// `npm run bench:ingest`: how soon a 100-page PDF can be asked about, and what the rest of the platform feels while it is
// read. Starts the whole embedded platform on a data folder of its own, with a scripted model that writes a word every 20 ms.
//
// Figures (goals): seconds from the end of the upload to ready (<= 15), the portal's answer times meanwhile (p50, p99, worst
// <= 200 ms), and the longest gap in a running stream beyond the model's own rhythm (<= 100 ms).
import { longPdf } from "../../worker/ingest/test-documents.ts";
import { makeAccount, makeAgent, untilRead, uploadSource } from "../account.ts";
import { startFakeLlm } from "../fakes/llm.ts";
import { startPlatform } from "../platform.ts";
import { Visitor } from "../visitor.ts";
import { figures, percentile } from "./figures.ts";

const PAGES = 100;
const WORD_MS = 20;

const llm = await startFakeLlm();
const platform = await startPlatform({ env: { LLM_BASE_URL: llm.url, LLM_API_KEY: "scripted" } });
try {
  const account = await makeAccount(platform);
  const pdf = await longPdf(PAGES, "en");
  // Another agent talks while this one reads; it has a page to answer from.
  const talker = await makeAgent(account, "Talker");
  await untilRead(
    account,
    await uploadSource(
      account,
      talker.id,
      "note.txt",
      Buffer.from("Words are written one by one, every twenty milliseconds."),
      "text/plain",
    ),
  );
  const reader = await makeAgent(account, "Reader");
  const visitor = await new Visitor(platform.url, talker.public_id).ready();
  llm.script({ kind: "answer", text: `${"word ".repeat(3_000)}[1]`, pauseMs: WORD_MS });
  for (let i = 0; i < 5; i++) await fetch(`${platform.url}/login`).then((response) => response.text());

  let reading = true;
  const measure = async () => {
    const gaps: number[] = [];
    const pages: number[] = [];
    const stream = (async () => {
      let last = 0;
      for await (const { at, event } of visitor.ask("How are words written?")) {
        if (event.type === "text-delta") {
          if (last) gaps.push(at - last);
          last = at;
        }
        if (!reading) return;
      }
    })();
    const poll = (async () => {
      while (reading) {
        // A page that is only rendered, and one that asks the database, the storage and the queue.
        for (const path of ["/login", "/api/health"]) {
          const started = performance.now();
          await fetch(platform.url + path).then((response) => response.text());
          pages.push(performance.now() - started);
        }
        await new Promise((wake) => setTimeout(wake, 100));
      }
    })();
    return { gaps, pages, done: Promise.all([stream, poll]) };
  };

  // The same stream and the same page while nothing is read: what the machine does by itself.
  const idle = await measure();
  await new Promise((wake) => setTimeout(wake, 5_000));
  reading = false;
  await idle.done;

  reading = true;
  const busy = await measure();
  const sourceId = await uploadSource(account, reader.id, "manual.pdf", pdf, "application/pdf");
  const uploaded = performance.now();
  const source = await untilRead(account, sourceId, 120_000);
  const seconds = (performance.now() - uploaded) / 1000;
  reading = false;
  await busy.done;
  if (source.status !== "ready") throw new Error(`The PDF ended as ${source.status}: ${source.failure_code}`);
  const { count } = await account.db
    .from("chunks")
    .select("id", { count: "exact", head: true })
    .eq("org_id", account.orgId)
    .eq("source_id", sourceId);

  const row = (when: string, { gaps, pages }: typeof busy) => ({
    when,
    "page p50 ms": percentile(pages, 50),
    "page p99 ms": percentile(pages, 99),
    "page worst ms": percentile(pages, 100),
    "gap p50 ms": percentile(gaps, 50),
    "gap p99 ms": percentile(gaps, 99),
    "gap worst ms": percentile(gaps, 100),
  });
  console.log(
    `A ${PAGES}-page PDF (${(pdf.length / 1024).toFixed(0)} KiB, ${count} chunks) was ready ${seconds.toFixed(1)} s after its upload.`,
  );
  figures("ingest", [
    row("idle", idle),
    { ...row("while reading", busy), pages: PAGES, chunks: count, secondsToReady: Number(seconds.toFixed(1)) },
  ]);
} finally {
  await platform.stop();
  await llm.close();
}
process.exit(0);
