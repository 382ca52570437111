import type { MessagePart } from "@gpt-agent/core/chat-events";
import { Link } from "@remix-run/react";
import { CircleCheck, CircleHelp, ThumbsDown, ThumbsUp } from "lucide-react";
import { useFormats, useText } from "~/i18n/text";
import type { ReceiptSummary, ThreadMessage } from "~/models/conversation.server";
import { textLink } from "../auth-page";
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
      {message.author === "system" && message.parts.some((part) => part.type === "data-handoff") ? (
        <p className="rounded-lg bg-warning-soft px-4 py-2 text-sm text-warning-ink">{t.contact.noted}</p>
      ) : isVisitor ? (
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
      {message.receipt && <ReceiptLine receipt={message.receipt} />}
    </div>
  );
}

/** An answer's making in a line, and the way to all of it. */
function ReceiptLine({ receipt }: { receipt: ReceiptSummary }) {
  const t = useText();
  const { number, money } = useFormats();
  const words = t.conversations;
  const isModel = receipt.responder === "model";
  const facts = [
    isModel ? (receipt.model ?? words.responderModel) : words.responderQuotes,
    isModel && words.tokensShort(receipt.prompt_tokens + receipt.completion_tokens),
    isModel && money(receipt.cost_micros),
    receipt.total_ms !== null && t.receipt.seconds(number(Math.round(receipt.total_ms / 100) / 10)),
  ];
  return (
    <p className="tabular mt-2.5 flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line pt-2.5 text-sm text-muted">
      <span className="min-w-0 flex-1 basis-40 wrap-anywhere">{facts.filter(Boolean).join(" · ")}</span>
      <Link to={`receipts/${receipt.id}`} prefetch="intent" className={textLink}>
        {t.receipt.open}
      </Link>
    </p>
  );
}
