import type { ClientTool, ToolReply } from "@gpt-agent/core/chat-events";

/** Something that the page can do when the model asks for it. */
export type PageTool = {
  /** For the model: what it does and when to use it. */
  description: string;
  /** JSON schema of the input (an object). The model is told of it, and may still send something else. */
  parameters?: Record<string, unknown>;
  /** Gives what the model reads of it: anything that JSON can hold, or a promise of that. */
  run(input: Record<string, unknown>): unknown;
};
export type PageTools = Record<string, PageTool>;

/** What the API takes (`clientTool` and `toolReply` in core/chat-events.ts): one tool too many would refuse the question. */
const MAX_TOOLS = 16;
const NAME = /^[a-z][\w-]{0,39}$/i;
const MAX_DESCRIPTION = 1_000;
const MAX_ERROR = 2_000;
/** Longest schema and longest result as JSON, in UTF-16 code units: all of them together fit into a request (256 KiB). */
const MAX_SCHEMA = 6_000;
const MAX_RESULT = 64_000;

/** The page's tools as the model is told of them. One that the API would refuse is left out, with a word in the console. */
export function offeredTools(tools: PageTools = {}): ClientTool[] | undefined {
  const offered = Object.entries(tools).flatMap(([name, tool]): ClientTool[] => {
    try {
      const { description, parameters = { type: "object" }, run } = tool;
      const schema = asJson(parameters, MAX_SCHEMA);
      if (NAME.test(name) && typeof run === "function" && isObject(schema))
        return [{ name, description: String(description).slice(0, MAX_DESCRIPTION), parameters: schema as ClientTool["parameters"] }];
    } catch {}
    console.warn(`<gpt-agent>: the client tool "${name}" is not valid.`);
    return [];
  });
  return offered.length ? offered.slice(0, MAX_TOOLS) : undefined;
}

/** Runs a tool that the page has registered; whatever goes wrong is told to the model as an error. */
export async function runPageTool(tools: PageTools = {}, name: string, input: unknown): Promise<ToolReply> {
  try {
    // Names come from the model: `constructor` is none of the page's tools.
    const tool = Object.hasOwn(tools, name) && tools[name];
    if (!tool) throw new Error("There is no such tool.");
    if (!isObject(input)) throw new Error("The input must be an object.");
    return { output: asJson((await tool.run(input)) ?? null, MAX_RESULT) as null };
  } catch (problem) {
    return { errorText: String((problem as Error)?.message ?? problem).slice(0, MAX_ERROR) };
  }
}

/** A copy as JSON. @throws when there is none, or it is longer than `max` */
function asJson(value: unknown, max: number): unknown {
  const json = JSON.stringify(value);
  if (!json || json.length > max) throw new Error("Not JSON, or too long.");
  return JSON.parse(json);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
