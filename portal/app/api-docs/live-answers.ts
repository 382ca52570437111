/** A streamed answer so far. */
export type LiveAnswer = { method: string; path: string; text: string; ended: boolean };

/** Does a path of the document, such as /api/v1/agents/{agentId}/chat, name this address? */
const names = (template: string, path: string) =>
  new RegExp(`^${template.replace(/[.$]/g, "\\$&").replace(/\{\w+\}/g, "[^/]+")}$`).test(path);

/** Keeps the newest streamed answer as it arrives, beside whoever reads it. */
export function liveAnswers(fetchIt: typeof fetch) {
  let newest: LiveAnswer | null = null;
  const listeners = new Set<() => void>();
  const tell = (answer: LiveAnswer | null) => {
    newest = answer;
    for (const listener of listeners) listener();
  };

  async function follow(response: Response, answer: LiveAnswer): Promise<void> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let now = answer;
    const isNewest = () => newest?.method === answer.method && newest.path === answer.path;
    for (let read = await reader.read(); !read.done && isNewest(); read = await reader.read()) {
      now = { ...now, text: now.text + read.value };
      tell(now);
    }
    if (isNewest()) tell({ ...now, ended: true });
  }

  return {
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** The newest answer, when it belongs to this operation. */
    of: (method: string, template: string): LiveAnswer | null =>
      newest && newest.method === method.toUpperCase() && names(template, newest.path) ? newest : null,
    /** Asks as fetch does, with an eye on event streams. */
    async ask(url: string, init: RequestInit): Promise<Response> {
      tell(null);
      const response = await fetchIt(url, init);
      if (response.headers.get("content-type")?.startsWith("text/event-stream") && response.body) {
        const answer = { method: (init.method ?? "GET").toUpperCase(), path: new URL(url, location.href).pathname, text: "", ended: false };
        tell(answer);
        // A stream that breaks off is Swagger UI's to report.
        follow(response.clone(), answer).catch(() => undefined);
      }
      return response;
    },
  };
}
export type LiveAnswers = ReturnType<typeof liveAnswers>;
