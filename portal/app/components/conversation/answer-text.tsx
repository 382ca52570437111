/* biome-ignore-all lint/suspicious/noArrayIndexKey: parsed text never reorders */
import { Fragment } from "react";
import { textLink } from "../auth-page";
import { type Block, type Inline, parseMarkdown } from "./markdown";

/**
 * An answer's text as elements. Nothing of it is ever markup (T47): React writes text nodes, links pass an allow-list,
 * images are not shown. A marker [n] links to the citation `${anchor}-n` when there is one.
 */
export function AnswerText({ text, anchor, citations }: { text: string; anchor: string; citations: ReadonlySet<number> }) {
  return (
    <div className="max-w-prose space-y-2 wrap-anywhere" dir="auto">
      {parseMarkdown(text).map((block, at) => (
        <BlockView key={at} block={block} anchor={anchor} citations={citations} />
      ))}
    </div>
  );
}

type Links = { anchor: string; citations: ReadonlySet<number> };

function BlockView({ block, ...links }: { block: Block } & Links) {
  if (block.kind === "code") return <pre className="overflow-x-auto rounded-md bg-sunken px-3 py-2 font-mono text-sm">{block.text}</pre>;
  if (block.kind === "list") {
    const List = block.ordered ? "ol" : "ul";
    return (
      <List className={block.ordered ? "list-decimal space-y-1 pl-5" : "list-disc space-y-1 pl-5"}>
        {block.items.map((item, at) => (
          <li key={at}>
            <InlineView parts={item} {...links} />
          </li>
        ))}
      </List>
    );
  }
  const lines = block.lines.map((line, at) => (
    <Fragment key={at}>
      {at > 0 && <br />}
      <InlineView parts={line} {...links} />
    </Fragment>
  ));
  if (block.kind === "heading") return <p className="font-semibold">{lines}</p>;
  if (block.kind === "quote") return <blockquote className="border-l-2 border-line-strong pl-3 text-muted">{lines}</blockquote>;
  return <p>{lines}</p>;
}

function InlineView({ parts, anchor, citations }: { parts: Inline[] } & Links) {
  return parts.map((part, at) => {
    switch (part.kind) {
      case "code":
        return (
          <code key={at} className="rounded-sm bg-sunken px-1 font-mono text-sm">
            {part.text}
          </code>
        );
      case "strong":
        return (
          <strong key={at} className="font-semibold">
            {part.text}
          </strong>
        );
      case "emphasis":
        return <em key={at}>{part.text}</em>;
      case "link":
        return (
          <a key={at} href={part.url} className={textLink} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        );
      case "marker":
        return citations.has(part.index) ? (
          <a
            key={at}
            href={`#${anchor}-${part.index}`}
            className="tabular mx-0.5 inline-grid h-4.5 min-w-4.5 place-items-center rounded-full bg-accent-soft px-1 align-text-top text-xs font-semibold text-accent-ink hover:bg-accent hover:text-on-accent"
          >
            {part.index}
          </a>
        ) : (
          <Fragment key={at}>[{part.index}]</Fragment>
        );
      default:
        return <Fragment key={at}>{part.text}</Fragment>;
    }
  });
}
