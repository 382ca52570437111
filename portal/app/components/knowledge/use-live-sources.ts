import { useCallback, useEffect, useRef, useState } from "react";
import type { Source } from "~/models/source.server";

const EVERY_MS = 1_000;
const AFTER_FAILURE_MS = 3_000;

export const isInProgress = ({ status }: Pick<Source, "status">): boolean =>
  status === "queued" || status === "reading" || status === "indexing";

/**
 * The documents as the page loaded them, kept up to date from `url`: once a second while something is being read and the
 * page is visible, at once after refresh(). A network that is away is waited for, without a word of its own.
 */
export function useLiveSources(loaded: Source[], url: string): { sources: Source[]; refresh: () => void } {
  const [sources, setSources] = useState(loaded);
  const [asked, setAsked] = useState(0);
  const latest = useRef(0);
  useEffect(() => {
    latest.current++;
    setSources(loaded);
  }, [loaded]);
  const refresh = useCallback(() => setAsked((n) => n + 1), []);
  const busy = sources.some(isInProgress);

  useEffect(() => {
    if (!busy && asked === 0) return;
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      const turn = ++latest.current;
      let again = EVERY_MS;
      try {
        if (!document.hidden) {
          const answer = await fetch(url, { signal: stopped.signal, headers: { Accept: "application/json" } });
          if (!answer.ok) throw new Error(`${answer.status}`);
          const { sources: fresh } = (await answer.json()) as { sources: Source[] };
          // An answer that was overtaken by a newer state of the page is dropped.
          if (turn === latest.current) setSources(fresh);
          if (!fresh.some(isInProgress)) return;
        }
      } catch {
        again = AFTER_FAILURE_MS;
      }
      if (!stopped.signal.aborted) timer = setTimeout(ask, again);
    };
    // The first question follows at once after refresh(), later ones at their pace.
    timer = setTimeout(ask, asked > 0 ? 0 : EVERY_MS);
    return () => {
      stopped.abort();
      clearTimeout(timer);
    };
  }, [busy, asked, url]);

  return { sources, refresh };
}
