// Tells a project of Sentry of errors in this widget's own code. Loaded only where the page asks for it (the attribute error-reports); what
// else goes wrong on the page is none of our business and is not looked at further than its first line.

/** Filled in by the build. */
declare const VERSION: string;

/** At most so many a page: a fault that repeats itself is told of soon. */
const MOST = 10;

type Frame = { filename: string; function?: string; lineno: number; colno: number; in_app: true };

/** Stack lines of our files, innermost last as Sentry wants them; empty when the error was thrown by somebody else's code. */
export function framesOf(stack: string, ours: string): Frame[] {
  const lines = [...stack.matchAll(/(?:at (?:async )?([^\s(]+) \(|([^\s@]*)@|at )?((?:https?|file):[^\s)]+?):(\d+):(\d+)/g)];
  if (!lines[0]?.[3]?.startsWith(ours)) return [];
  return lines
    .filter((line) => line[3]!.startsWith(ours))
    .map(
      ([, v8, other, file, line, column]): Frame => ({
        filename: file!.split(/[?#]/)[0]!,
        function: v8 || other || undefined,
        lineno: Number(line),
        colno: Number(column),
        in_app: true,
      }),
    )
    .reverse();
}

/** A message without addresses' queries, e-mail addresses and long runs of letters and digits. */
export const masked = (text: string): string =>
  text
    .slice(0, 500)
    .replace(/[?#][^\s"')]+/g, "?…")
    .replace(/\S+@\S+/g, "[email]")
    .replace(/[\w-]{24,}/g, "[…]");

const hex = (bytes: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Watches for errors of ours, each told once.
 * @param dsn https://key@host/project
 * @param agentId whose chat it is; nothing about the visitor or the page is sent
 */
export function watch(dsn: string, agentId: string, ours = new URL("../widget", import.meta.url).href): void {
  const [, scheme, key, host, project] = /^(https?:\/\/)(\w+)@([^\s?#]+)\/(\d+)$/.exec(dsn) ?? [];
  if (!key) return;
  const to = `${scheme}${host}/api/${project}/envelope/?sentry_version=7&sentry_key=${key}`;
  const told = new Set<string>();
  const hear = (error: unknown) => {
    if (!(error instanceof Error) || error.name === "ChatProblem") return;
    const frames = framesOf(error.stack ?? "", ours);
    const same = `${error.name} ${frames.map(({ lineno, colno }) => `${lineno}:${colno}`)}`;
    if (!frames.length || told.has(same) || told.size >= MOST) return;
    told.add(same);
    const event = {
      event_id: hex(16),
      timestamp: Date.now() / 1000,
      platform: "javascript",
      level: "error",
      release: `gpt-agent-platform@${VERSION}`,
      tags: { process: "widget", agentId },
      contexts: { trace: { trace_id: hex(16), span_id: hex(8) } },
      exception: {
        values: [{ type: error.name, value: masked(error.message), stacktrace: { frames }, mechanism: { type: "widget", handled: false } }],
      },
    };
    const lines = [{ event_id: event.event_id, dsn }, { type: "event" }, event];
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    fetch(to, { method: "POST", body, keepalive: true, credentials: "omit", referrerPolicy: "no-referrer" }).catch(() => {});
  };
  addEventListener("error", (event) => hear(event.error));
  addEventListener("unhandledrejection", (event) => hear(event.reason));
  document.addEventListener("gpt-agent:error", (event) => hear((event as CustomEvent<{ cause?: unknown }>).detail.cause));
}
