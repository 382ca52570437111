type Count = (text: string) => number;
let exact: Count | null = null;
let loading: Promise<void> | null = null;

/**
 * Loads o200k_base, the vocabulary of OpenAI's newer models, which is near those of other makers (the older cl100k makes 1.7 times
 * as many tokens of Russian). It takes some 0.3 s and 65 MB, so only processes that talk to a model load it; until then
 * countTokens estimates.
 */
export function loadTokenizer(): Promise<void> {
  loading ??= import("gpt-tokenizer/encoding/o200k_base").then(({ countTokens: count }) => {
    // Text that looks like a special token ("<|endoftext|>") is text like any other: it may not throw here.
    const options = { disallowedSpecial: new Set<string>() };
    exact = (text) => count(text, options);
  });
  return loading;
}

/** Unbroken runs of this many characters are estimated: merging one takes time that grows with the square of its length. */
const LONG_RUN = /\S{40,}|\s{40,}/gu;
/** Tokens in a byte of such a run; random letters have 0.62. */
const TOKENS_PER_BYTE = 0.65;

/** Counts kept: passages and history come back in every answer. */
const MAX_KEPT = 2_000;
/** Longer texts are not kept, in UTF-16 code units. */
const MAX_KEPT_LENGTH = 4_000;
const kept = new Map<string, number>();

/** How many tokens a model reads in a text: counted, or estimated on the high side while the vocabulary is not loaded. */
export function countTokens(text: string): number {
  if (!exact) return Math.ceil(text.length / 2.5);
  const known = kept.get(text);
  if (known !== undefined) return known;
  const tokens = countWords(text, exact);
  if (text.length <= MAX_KEPT_LENGTH) {
    // The oldest goes: a Map keeps the order in which its keys came.
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(text, tokens);
  }
  return tokens;
}

function countWords(text: string, count: Count): number {
  let tokens = 0;
  let from = 0;
  for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
    tokens += count(text.slice(from, index)) + Math.ceil(Buffer.byteLength(run) * TOKENS_PER_BYTE);
    from = index + run.length;
  }
  return tokens + count(from === 0 ? text : text.slice(from));
}
