// The classic script of /widget.js: defines <gpt-agent>, and serves the calls and attributes of the page around it.
import { GptAgent, METHODS } from "./gpt-agent.ts";

type Call = [method: string, ...args: unknown[]];

/** The element that page-wide calls go to: the one with this id, else the first on the page. */
function agent(id?: string | null): GptAgent | null {
  const element = id ? document.getElementById(id) : document.querySelector("gpt-agent");
  return element instanceof GptAgent ? element : null;
}

function make([method, ...args]: Call): void {
  const target = agent();
  if (!target) waiting.push([method, ...args]);
  else if ([...METHODS, "setOptions", "identify"].includes(method))
    (target as unknown as Record<string, (...args: unknown[]) => unknown>)[method]?.(...args);
}

/** Calls made before there is an element on the page. */
const waiting: Call[] = [];

function script(): string | undefined {
  // An <img name="currentScript"> takes the property over: only a script is believed.
  const current = document.currentScript;
  if (current?.tagName === "SCRIPT") return (current as HTMLScriptElement).src;
  return [...document.scripts].find(({ src }) => /\/widget\.js(\?|$)/.test(src))?.src;
}

const source = script();
if (source && !customElements.get("gpt-agent")) {
  GptAgent.script = source;
  customElements.define("gpt-agent", GptAgent);

  const page = window as unknown as { GptAgent?: unknown };
  const early = page.GptAgent;
  page.GptAgent = { push: (...calls: Call[]) => calls.forEach(make) };
  // Page content may have taken the name over (an element with this id); only an array is a queue.
  if (Array.isArray(early)) early.forEach(make);
  document.addEventListener("gpt-agent:ready", () => waiting.splice(0).forEach(make));

  document.addEventListener("click", (event) => {
    const target = event.composedPath()[0];
    const button = target instanceof Element ? target.closest("[data-gpt-agent-toggle],[data-gpt-agent-prompt]") : null;
    if (!button) return;
    event.preventDefault();
    const prompt = button.getAttribute("data-gpt-agent-prompt");
    const element = agent(button.getAttribute("data-gpt-agent-toggle"));
    if (!prompt) element?.toggle();
    else element?.open().then(() => element.sendMessage({ text: prompt }));
  });
}
