// How far answers can be trusted: 288 questions in English and Russian about six made-up companies, half of which their documents
// do not answer, asked through the real reader, chunker, search and `answer()`; of the built-in responder and of a scripted
// model that makes a model's usual mistakes. `npm run bench:grounding [-- --split dev|test|all] [--show]`
//
// falseUnknown: answerable, but told "I don't know" · falseAnswer: not answerable, but given out as answered · invention: not
// answerable, and an invention of the model streamed by · inventionTrusted: of these, without being disowned at its end ·
// wrongAnswer: answerable and answered, but not with the words that hold the answer · wrongCitation: of all citations shown,
// those that are not literally in their source or do not support what stands before them.
import { parseArgs } from "node:util";
import { startTestBackend } from "../../supabase/embedded/test-backend.ts";
import { figures } from "./figures.ts";
import { measureFollowUps } from "./grounding/follow-ups.ts";
import { measureGrounding, RESPONDERS, type Shelf, shelve } from "./grounding/measure.ts";
import { SPLITS, type Split } from "./grounding/questions.ts";
import { measureSuggestions } from "./grounding/suggestions.ts";

const { values } = parseArgs({ options: { split: { type: "string", default: "test" }, show: { type: "boolean", default: false } } });
const splits = (values.split === "all" ? ["dev", "test"] : [values.split]) as Split[];
if (!splits.every((split) => split in SPLITS)) {
  console.error("--split is dev, test or all");
  process.exit(2);
}

const backend = await startTestBackend();
const rows = [];
const followUps = [];
const suggestions = [];
for (const split of splits) {
  const shelves = new Map<string, Shelf>();
  for (const company of SPLITS[split]) shelves.set(company, await shelve(backend, company));
  const leaned = await measureFollowUps(shelves, split);
  followUps.push(...leaned.rows);
  if (values.show)
    for (const { company, kind, ask, after } of leaned.missed) console.log(`follow-up ${company} | ${kind} | ${after[0]} … ${ask}`);
  for (const responder of RESPONDERS) {
    const measured = await measureGrounding(shelves, split, responder);
    rows.push(...measured.rows);
    if (responder === "quotes") suggestions.push(...(await measureSuggestions(shelves, split, measured.verdicts)));
    if (!values.show) continue;
    for (const { question, answered, onTarget, wrongCitations, lieShown, disowned, text } of measured.verdicts) {
      const faults = [
        ...("quote" in question && !answered ? ["false unknown"] : []),
        ...("quote" in question && answered && !onTarget ? ["wrong answer"] : []),
        ...("lie" in question && (answered || (lieShown && !disowned)) ? ["false answer"] : []),
        ...wrongCitations.map((wrong) => `wrong citation ${wrong}`),
      ];
      if (faults.length > 0)
        console.log(`${responder} ${question.company} | ${question.ask} | ${faults.join(" · ")} | ${JSON.stringify(text)}`);
    }
  }
}
await backend.close();
figures("grounding", rows);
figures("grounding-follow-ups", followUps);
figures("grounding-suggestions", suggestions);
process.exit(0);
