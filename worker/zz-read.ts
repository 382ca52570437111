import { readFileSync } from "node:fs";
import { extract } from "./ingest/extract/extract.ts";
import { chunk } from "./ingest/chunk.ts";
for (const f of process.argv.slice(2)) { const t=performance.now(); try { const d = await extract(readFileSync(f), f); const c = chunk(d); console.log("=====", f.split("/html/").pop(), d.title, d.text.length, c.length, (performance.now()-t).toFixed(0)+"ms"); if (process.env.SHOW) for (const b of d.blocks.slice(0, +process.env.SHOW)) console.log(`[${b.kind}] ${b.headings.length? b.headings.at(-1)!.slice(0,30)+" | ":""}${d.text.slice(b.start,b.end).slice(0,220)}`);} catch(e) { console.log("=====", f, String(e).slice(0,200)); } }
