import { z } from "zod";
import { storableText } from "~/api/storable-text";
import type { Passage } from "~/chat/retrieve";

/** POST /api/v1/agents/:agentId/search */
export const searchRequest = z.strictObject({
  query: storableText(2_000),
  limit: z.int().min(1).max(20).default(8),
});

const passageAnswer = z.strictObject({
  id: z.uuid().meta({ description: "The passage's id, as receipts name it." }),
  sourceId: z.uuid(),
  title: z.string(),
  url: z.string().nullable(),
  page: z.int().nullable().meta({ description: "PDF: the page, counted from 1." }),
  headings: z.array(z.string()).meta({ description: "Above the passage, outermost first." }),
  text: z.string(),
  start: z.int().min(0).meta({ description: "Where it begins in the source's text, in UTF-16 code units." }),
  end: z.int().min(0),
  score: z.number().meta({ description: "Comparable within one answer only." }),
});
export const searchAnswer = z.strictObject({ data: z.array(passageAnswer).meta({ description: "The best first." }) });

/** Found passages as they are answered. */
export const passagesAnswer = (passages: Passage[]): z.infer<typeof searchAnswer> => ({
  data: passages.map(({ chunkId, sourceId, title, url, page, headings, text, charStart, score }) => ({
    id: chunkId,
    sourceId,
    title,
    url,
    page,
    headings,
    text,
    start: charStart,
    end: charStart + text.length,
    score,
  })),
});
