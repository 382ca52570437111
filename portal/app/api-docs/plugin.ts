// What we add to Swagger UI, as plugins of its own kind (https://swagger.io/docs/open-source-tools/swagger-ui/customization/plugin-api/).
import type * as ReactModule from "react";
import type { LiveAnswers } from "./live-answers";

/** Words of ours inside Swagger UI. */
export type DocsWords = { samples: string; copy: string; copied: string; live: string; liveEnded: string };

type CodeSample = { lang: string; label: string; source: string };
type Immutable = { toJS(): unknown };
type OperationProps = { operation?: { get(key: string): Immutable | undefined }; pathMethod?: [path: string, method: string] };
type ResponsesProps = { path: string; method: string };
/** Swagger UI hands out the React that it was built with: elements and hooks of ours must be that one's. */
type System = { React: typeof ReactModule };
type Wrapper<Props> = (Original: ReactModule.ComponentType<Props>, system: System) => (props: Props) => ReactModule.ReactElement;

/** A value that several components show and change. */
function shared<Value>(initial: Value) {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next: Value) {
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const samplesIn = (operation: OperationProps["operation"]): CodeSample[] =>
  (operation?.get("x-codeSamples")?.toJS() as CodeSample[] | undefined) ?? [];

/** Each operation's x-codeSamples above its parameters, one language at a time; the choice holds for the whole page. */
function samplesPlugin(words: DocsWords) {
  const language = shared("Shell");

  const parameters: Wrapper<OperationProps> = (Original, { React }) => {
    const { createElement: h, useState, useSyncExternalStore } = React;
    function Samples({ samples }: { samples: CodeSample[] }) {
      const chosen = useSyncExternalStore(language.subscribe, language.get);
      const [copied, setCopied] = useState(false);
      const shown = samples.find(({ lang }) => lang === chosen) ?? samples[0]!;
      const copy = () =>
        navigator.clipboard?.writeText(shown.source).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 2_000);
        });
      return h(
        "section",
        { className: "gap-samples", "aria-label": words.samples },
        h(
          "div",
          { className: "gap-samples-head" },
          h("h4", null, words.samples),
          ...samples.map(({ lang, label }) =>
            h("button", { key: lang, type: "button", "aria-pressed": lang === shown.lang, onClick: () => language.set(lang) }, label),
          ),
          h(
            "button",
            { key: "copy", type: "button", className: "gap-copy", "aria-live": "polite", onClick: copy },
            copied ? words.copied : words.copy,
          ),
        ),
        h("pre", { tabIndex: 0, "aria-label": shown.label }, h("code", null, shown.source)),
      );
    }
    return (props) => {
      const samples = samplesIn(props.operation);
      return h(React.Fragment, null, samples.length > 0 ? h(Samples, { samples }) : null, h(Original, props));
    };
  };
  return { wrapComponents: { parameters } };
}

/** A streamed answer of "Try it out" as it arrives: Swagger UI by itself shows it when it has ended. */
function livePlugin(words: DocsWords, live: LiveAnswers) {
  const responses: Wrapper<ResponsesProps> = (Original, { React }) => {
    const { createElement: h, useSyncExternalStore } = React;
    function Live({ path, method }: ResponsesProps) {
      const answer = useSyncExternalStore(live.subscribe, () => live.of(method, path));
      if (!answer) return null;
      return h(
        "section",
        { className: "gap-live", "aria-label": words.live },
        h("h4", { role: "status" }, answer.ended ? words.liveEnded : words.live),
        h("pre", { tabIndex: 0 }, answer.text),
      );
    }
    return (props) => h(React.Fragment, null, h(Live, props), h(Original, props));
  };
  return { wrapComponents: { responses } };
}

/** Our additions to Swagger UI. */
export const docsPlugins = (words: DocsWords, live: LiveAnswers): object[] => [samplesPlugin(words), livePlugin(words, live)];
