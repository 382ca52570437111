import type { MessagePart } from "@gpt-agent/core/chat-events";
import { CircleCheck, CircleHelp, ThumbsDown, ThumbsUp } from "lucide-react";
import type { ReactNode } from "react";
import { useFormats, useText } from "~/i18n/text";
import type { Receipt, ThreadMessage } from "~/models/conversation.server";
import { classNames } from "../class-names";
import { Badge } from "../page";
import { Ago } from "../time";
import { AnswerText } from "./answer-text";

/** One message of a conversation, as its readers in the portal see it. */
export function MessageView({ message, agentName }: { message: ThreadMessage; agentName: string }) {
  const t = useText();
  const words = t.conversations;
  const text = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  const isVisitor = message.author === "visitor";
  const who = { visitor: words.fromVisitor, agent: agentName, operator: words.fromOperator, system: words.fromSystem }[message.author];
  return (
    <li className={classNames("flex flex-col", isVisitor ? "items-end" : "items-start")}>
      <p className="mb-1 flex items-center gap-2 px-1 text-xs text-muted">
        <span className="font-medium">{who}</span>
        <Ago at={message.createdAt} />
      </p>
      {isVisitor ? (
        // A visitor's words are shown as they were typed, never as markup.
        <p dir="auto" className="max-w-[85%] rounded-xl rounded-br-sm bg-accent-soft px-4 py-2.5 whitespace-pre-wrap wrap-anywhere">
          {text || <span className="text-muted">{words.empty}</span>}
        </p>
      ) : (
        <AnswerCard message={message} text={text} />
      )}
    </li>
  );
}

const ofType = <T extends MessagePart["type"]>(parts: MessagePart[], type: T) =>
  parts.filter((part): part is Extract<MessagePart, { type: T }> => part.type === type);

function AnswerCard({ message, text }: { message: ThreadMessage; text: string }) {
  const t = useText();
  const words = t.conversations;
  const citations = ofType(message.parts, "data-citation").map(({ data }) => data);
  const grounding = ofType(message.parts, "data-grounding").at(-1)?.data;
  const anchor = `c-${message.id}`;
  return (
    <div className="w-full max-w-3xl rounded-xl rounded-bl-sm border border-line bg-surface px-4 py-3">
      {text ? (
        <AnswerText text={text} anchor={anchor} citations={new Set(citations.map(({ index }) => index))} />
      ) : (
        <p className="text-muted">{words.empty}</p>
      )}
      {message.status !== "complete" && (
        <p className={classNames("mt-2 text-sm", message.status === "failed" ? "text-danger-ink" : "text-muted")}>
          {message.status === "failed" ? words.failedAnswer : message.status === "stopped" ? words.stopped : words.streaming}
        </p>
      )}
      <div className="mt-2.5 flex flex-wrap items-center gap-1.5 empty:hidden">
        {grounding && (
          <Badge tone={grounding.supported ? "success" : "warning"}>
            {grounding.supported ? <CircleCheck aria-hidden className="size-3.5" /> : <CircleHelp aria-hidden className="size-3.5" />}
            {grounding.supported ? words.supported : words.unsupported}
          </Badge>
        )}
        {message.rating && (
          <Badge tone={message.rating.rating === "up" ? "success" : "danger"}>
            {message.rating.rating === "up" ? (
              <ThumbsUp aria-hidden className="size-3.5" />
            ) : (
              <ThumbsDown aria-hidden className="size-3.5" />
            )}
            {message.rating.rating === "up" ? words.ratedUp : words.ratedDown}
          </Badge>
        )}
      </div>
      {message.rating?.comment && (
        <p dir="auto" className="mt-2 border-l-2 border-line-strong pl-3 text-sm whitespace-pre-wrap wrap-anywhere text-muted">
          {message.rating.comment}
        </p>
      )}
      {citations.length > 0 && (
        <details className="group mt-3" open>
          <summary className="w-fit rounded-sm text-sm font-medium text-muted hover:text-ink">{words.sources(citations.length)}</summary>
          <ol className="mt-2 space-y-2">
            {citations.map((citation) => (
              <li
                key={citation.index}
                id={`${anchor}-${citation.index}`}
                className="scroll-mt-20 rounded-md bg-sunken px-3 py-2 target:outline-2 target:outline-accent-ink"
              >
                <p className="text-sm font-medium wrap-anywhere" dir="auto">
                  <span className="tabular mr-1.5 text-accent-ink">{citation.index}</span>
                  {citation.title}
                  {citation.page !== undefined && <span className="font-normal text-muted"> · {t.knowledge.page(citation.page)}</span>}
                </p>
                <blockquote className="mt-1 text-sm whitespace-pre-line wrap-anywhere text-muted" dir="auto">
                  {citation.quote}
                </blockquote>
              </li>
            ))}
          </ol>
        </details>
      )}
      {message.receipt && <ReceiptView receipt={message.receipt} />}
    </div>
  );
}

function ReceiptView({ receipt }: { receipt: Receipt }) {
  const t = useText();
  const { number, money } = useFormats();
  const words = t.conversations;
  const outcome =
    receipt.status === "running"
      ? words.outcomes.running
      : (Object.entries(words.outcomes).find(([code]) => code === receipt.outcome)?.[1] ?? receipt.status);
  const ms = (n: number | null) => (n === null ? null : words.ms(number(n)));
  const facts: [string, ReactNode][] = [
    [words.responder, receipt.responder === "model" ? words.responderModel : words.responderQuotes],
    [words.model, receipt.model],
    [
      words.tokens,
      receipt.responder === "model" ? words.tokensValue(number(receipt.prompt_tokens), number(receipt.completion_tokens)) : null,
    ],
    [words.cost, receipt.responder === "model" ? money(receipt.cost_micros) : null],
    [words.retrieval, ms(receipt.retrieval_ms)],
    [words.firstWord, ms(receipt.first_token_ms)],
    [words.total, ms(receipt.total_ms)],
    [words.outcome, outcome],
  ];
  return (
    <details className="mt-2.5 border-t border-line pt-2.5">
      <summary className="w-fit rounded-sm text-sm text-muted hover:text-ink">{words.receipt}</summary>
      <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
        {facts
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <div key={label} className="contents">
              <dt className="text-muted">{label}</dt>
              <dd className="tabular wrap-anywhere">{value}</dd>
            </div>
          ))}
      </dl>
    </details>
  );
}
