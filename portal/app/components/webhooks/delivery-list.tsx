import { useFetcher } from "@remix-run/react";
import { ChevronDown, RotateCcw } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "~/components/button";
import { classNames } from "~/components/class-names";
import { Badge, Skeleton, type Tone } from "~/components/page";
import { Ago } from "~/components/time";
import { useFormats, useText } from "~/i18n/text";
import type { WebhookAttempt, WebhookDelivery } from "~/models/webhook.server";
import { useEventWords } from "./endpoint-fields";

const TONES: Record<string, Tone> = { pending: "accent", delivered: "success", failed: "danger", canceled: "neutral" };

type Props = {
  deliveries: WebhookDelivery[];
  /** Where the attempts of a delivery are read: this address and its id. */
  attemptsUrl: string;
  onReplay: (deliveryId: string) => void;
  canReplay: boolean;
};

/** What was sent to an endpoint, newest first; each opens to its requests and answers. */
export function DeliveryList({ deliveries, attemptsUrl, onReplay, canReplay }: Props) {
  return (
    <ul className="divide-y divide-line">
      {deliveries.map((delivery) => (
        <Delivery key={delivery.id} delivery={delivery} url={`${attemptsUrl}/${delivery.id}`} onReplay={canReplay ? onReplay : null} />
      ))}
    </ul>
  );
}

function Delivery({ delivery, url, onReplay }: { delivery: WebhookDelivery; url: string; onReplay: ((id: string) => void) | null }) {
  const t = useText();
  const words = t.webhooks;
  const eventWords = useEventWords();
  const [open, setOpen] = useState(false);
  const attempts = useFetcher<{ attempts: WebhookAttempt[] }>();
  const toggle = () => {
    if (!open) attempts.load(url);
    setOpen(!open);
  };
  return (
    <li>
      <div className="flex items-center gap-3 px-4 py-1.5">
        <button
          type="button"
          aria-expanded={open}
          onClick={toggle}
          className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1 rounded-md py-2 text-left"
        >
          <ChevronDown aria-hidden className={classNames("size-4 shrink-0 text-muted transition-transform", open && "rotate-180")} />
          <span className="min-w-0 flex-1 basis-40">
            <span className="block truncate font-medium">{eventWords(delivery.type)}</span>
            <span className="block truncate font-mono text-xs text-muted">{delivery.eventId}</span>
          </span>
          <span className="flex w-full items-center gap-3 pl-7 sm:w-auto sm:pl-0">
            {delivery.is_replay && <Badge>{words.again}</Badge>}
            <Badge tone={TONES[delivery.status] ?? "neutral"}>{words.states[delivery.status as keyof typeof words.states]}</Badge>
            <span className="text-sm text-muted sm:w-28 sm:text-right">
              <Ago at={delivery.created_at} />
            </span>
          </span>
        </button>
        {onReplay && delivery.status !== "pending" && (
          <Button
            look="ghost"
            size="sm"
            onClick={() => onReplay(delivery.id)}
            aria-label={`${words.replay}: ${eventWords(delivery.type)}, ${delivery.eventId}`}
          >
            <RotateCcw aria-hidden className="size-3.5" />
            <span className="hidden sm:inline">{words.replay}</span>
          </Button>
        )}
      </div>
      {open && (
        <div className="bg-sunken px-4 py-4 sm:pl-11">
          {attempts.data ? (
            <Attempts attempts={attempts.data.attempts} delivery={delivery} />
          ) : (
            <div role="status" aria-label={t.common.loading} className="space-y-2">
              <Skeleton className="h-4 w-1/2" />
              <Skeleton className="h-20" />
            </div>
          )}
        </div>
      )}
    </li>
  );
}

function Attempts({ attempts, delivery }: { attempts: WebhookAttempt[]; delivery: WebhookDelivery }) {
  const words = useText().webhooks;
  const formats = useFormats();
  if (attempts.length === 0) return <p className="text-muted">{words.notTried}</p>;
  return (
    <ol className="space-y-6">
      {[...attempts].reverse().map((attempt) => (
        <li key={attempt.attempt} className="space-y-3">
          <p className="flex flex-wrap gap-x-3">
            <span className="font-medium">{words.attempt(attempt.attempt)}</span>
            <span className="text-muted">{formats.date(attempt.started_at)}</span>
            <span>{attempt.status_code ? `HTTP ${attempt.status_code}` : failureWords(attempt.failure, words.failures)}</span>
            {attempt.duration_ms !== null && <span className="text-muted tabular-nums">{words.milliseconds(attempt.duration_ms)}</span>}
          </p>
          {attempt.request_body && (
            <Block label={words.request}>
              {Object.entries(attempt.request_headers as Record<string, string>)
                .map(([name, value]) => `${name}: ${value}`)
                .join("\n")}
              {`\n\n${pretty(attempt.request_body)}`}
            </Block>
          )}
          {attempt.status_code !== null && <Block label={words.response}>{attempt.response_body || words.emptyResponse}</Block>}
        </li>
      ))}
      {delivery.status === "pending" && delivery.next_attempt_at && (
        <li className="text-muted">{words.nextAttempt(formats.date(delivery.next_attempt_at))}</li>
      )}
    </ol>
  );
}

const failureWords = (failure: string | null, words: Record<string, string>): string => words[failure ?? ""] ?? words.unreachable ?? "";

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function Block({ label, children }: { label: string; children: ReactNode }) {
  return (
    <figure>
      <figcaption className="mb-1 text-sm text-muted">{label}</figcaption>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="max-h-72 overflow-auto rounded-md border border-line bg-surface p-3 font-mono text-xs whitespace-pre-wrap wrap-anywhere"
      >
        {children}
      </pre>
    </figure>
  );
}
