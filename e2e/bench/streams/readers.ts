import { Agent, type IncomingMessage, request } from "node:http";
import { performance } from "node:perf_hooks";
import { readTokens } from "./token.ts";

/** What one reader saw of its stream. Times in milliseconds. */
export type Seen = {
  status: number;
  retryAfter: string | undefined;
  /** From the request to the head of the answer. */
  answeredAfter: number;
  /** From the request to the first token. */
  firstAfter: number | null;
  tokens: number;
  /** Tokens that were not the next ones: missing, doubled or out of order. */
  wrong: number;
  /** Did the stream end as it should? */
  complete: boolean;
  /** A word that has not come whole yet. */
  word: string;
};

export type Ask = { url: string; method?: string; headers?: Record<string, string>; body?: string };

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
const DELTA = /"delta":"([^"]*)"/g;

/** Reads many streams at once, as cheaply as it can, and keeps count of what came when. */
export class Readers {
  /** From the moment a token was sent by the model to its arrival, while `measuring`. */
  readonly lags: number[] = [];
  measuring = false;
  tokens = 0;
  /** Streams that have had a token and have not ended. */
  flowing = 0;

  read(ask: Ask, expected: number): Promise<Seen> {
    const began = performance.now();
    const seen: Seen = {
      status: 0,
      retryAfter: undefined,
      answeredAfter: 0,
      firstAfter: null,
      tokens: 0,
      wrong: 0,
      complete: false,
      word: "",
    };
    return new Promise((resolve) => {
      const end = () => {
        if (seen.firstAfter !== null) this.flowing--;
        resolve(seen);
      };
      const call = request(ask.url, { method: ask.method ?? "GET", headers: ask.headers, agent }, (response: IncomingMessage) => {
        seen.status = response.statusCode ?? 0;
        seen.retryAfter = response.headers["retry-after"];
        seen.answeredAfter = performance.now() - began;
        response.setEncoding("utf8");
        let rest = "";
        response.on("data", (text: string) => {
          if (seen.status !== 200) return;
          const whole = rest + text;
          const cut = whole.lastIndexOf("\n\n");
          rest = cut === -1 ? whole : whole.slice(cut + 2);
          if (cut !== -1) this.count(whole.slice(0, cut + 2), seen, began);
        });
        response.on("error", () => {});
        response.on("close", () => {
          seen.complete &&= seen.tokens === expected;
          end();
        });
      });
      call.on("error", end);
      call.end(ask.body);
    });
  }

  private count(text: string, seen: Seen, began: number): void {
    const now = Date.now();
    for (const [, delta] of text.matchAll(DELTA)) {
      const { tokens, rest } = readTokens(seen.word + delta!);
      seen.word = rest;
      for (const { n, at } of tokens) {
        if (n !== seen.tokens + 1) seen.wrong++;
        if (seen.firstAfter === null) {
          seen.firstAfter = performance.now() - began;
          this.flowing++;
        }
        seen.tokens++;
        this.tokens++;
        if (this.measuring) this.lags.push(now - at);
      }
    }
    if (text.endsWith("data: [DONE]\n\n")) seen.complete = true;
  }
}
